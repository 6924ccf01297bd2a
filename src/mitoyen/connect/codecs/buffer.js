// The part of Node's Buffer that codecs use, over Uint8Array; btoa, atob and the like come with the engine.
(function () {
  "use strict";

  const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

  const utf8 = (text) => {
    const escaped = encodeURIComponent(text.toWellFormed());
    const bytes = [];
    for (let i = 0; i < escaped.length; i++) {
      const isEscape = escaped[i] === "%";
      bytes.push(isEscape ? parseInt(escaped.substr(i + 1, 2), 16) : escaped.charCodeAt(i));
      if (isEscape) i += 2;
    }
    return bytes;
  };

  const fromUtf8 = (bytes) => {
    let text = "";
    for (let i = 0; i < bytes.length; ) {
      const first = bytes[i];
      const extra = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2
        : first >= 0xf0 && first < 0xf5 ? 3 : -1;
      let code = extra === 0 ? first : first & (0x3f >> extra);
      let length = 1;
      while (length <= extra && (bytes[i + length] & 0xc0) === 0x80) code = (code << 6) | (bytes[i + length++] & 0x3f);
      const least = [0, 0x80, 0x800, 0x10000][extra];
      const isRight = length === extra + 1 && code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      text += isRight ? String.fromCodePoint(code) : "\ufffd";
      i += length;
    }
    return text;
  };

  const latin1 = (bytes, mask) => {
    let text = "";
    for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] & mask);
    return text;
  };

  const ENCODE = {
    hex: (text) => (text.match(/^(?:[0-9a-f]{2})*/i)[0].match(/../g) || []).map((pair) => parseInt(pair, 16)),
    base64: (text) => ENCODE.latin1(atob(text.replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, ""))),
    latin1: (text) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i) & 0xff),
    utf8,
  };
  const DECODE = {
    hex: (bytes) => { let text = ""; for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]]; return text; },
    base64: (bytes) => btoa(latin1(bytes, 0xff)),
    base64url: (bytes) => DECODE.base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, ""),
    latin1: (bytes) => latin1(bytes, 0xff),
    ascii: (bytes) => latin1(bytes, 0x7f),
    utf8: fromUtf8,
  };
  ENCODE.binary = ENCODE.ascii = ENCODE.latin1;
  ENCODE.base64url = ENCODE.base64;
  DECODE.binary = DECODE.latin1;
  ENCODE["utf-8"] = utf8;
  DECODE["utf-8"] = fromUtf8;

  const chosen = (table, encoding) => {
    const found = table[String(encoding === undefined ? "utf8" : encoding).toLowerCase()];
    if (!found) throw new TypeError("Unknown encoding: " + encoding);
    return found;
  };

  class Buffer extends Uint8Array {
    static get [Symbol.species]() { return Buffer; }
    static from(source, encoding, length) {
      if (typeof source === "string") return new Buffer(chosen(ENCODE, encoding)(source));
      if (source instanceof ArrayBuffer) return new Buffer(source, encoding, length);
      if (source && source.type === "Buffer" && Array.isArray(source.data)) return new Buffer(source.data);
      if (typeof source === "number") throw new TypeError("Buffer.from needs a string, an array or a buffer");
      return new Buffer(source);
    }
    static alloc(size, fill, encoding) {
      const made = new Buffer(size);
      if (fill === undefined) return made;
      return made.fill(typeof fill === "string" ? Buffer.from(fill, encoding)[0] : fill);
    }
    static allocUnsafe(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(value, encoding) {
      return typeof value === "string" ? Buffer.from(value, encoding).length : value.byteLength;
    }
    static concat(parts, length) {
      const made = new Buffer(length === undefined ? parts.reduce((sum, part) => sum + part.length, 0) : length);
      let at = 0;
      for (const part of parts) {
        made.set(part.slice(0, Math.max(made.length - at, 0)), at);
        at += part.length;
      }
      return made;
    }
    toString(encoding, start, end) { return chosen(DECODE, encoding)(this.subarray(start, end)); }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
    slice(start, end) { return this.subarray(start, end); }
    equals(other) { return this.length === other.length && this.every((byte, i) => byte === other[i]); }
    copy(target, at = 0, start = 0, end = this.length) {
      const part = this.subarray(start, Math.min(end, start + target.length - at));
      target.set(part, at);
      return part.length;
    }
    write(text, at = 0, encoding = "utf8") { return Buffer.from(text, encoding).copy(this, at); }
  }

  const methods = Buffer.prototype;
  const view = (buffer, offset, size) => {
    if (typeof offset !== "number") throw new TypeError("The offset must be a number");
    if (!Number.isInteger(offset) || offset < 0 || offset + size > buffer.length) {
      throw new RangeError("The offset is out of range: " + offset + " of " + buffer.length + " bytes");
    }
    return new DataView(buffer.buffer, buffer.byteOffset + offset, size);
  };
  const define = (name, method) =>
    Object.defineProperty(methods, name, { value: method, writable: true, configurable: true });

  const FIXED = { UInt8: ["Uint8", 1], Int8: ["Int8", 1], UInt16: ["Uint16", 2], Int16: ["Int16", 2],
    UInt32: ["Uint32", 4], Int32: ["Int32", 4], Float: ["Float32", 4], Double: ["Float64", 8],
    BigInt64: ["BigInt64", 8], BigUInt64: ["BigUint64", 8] };
  for (const [name, [kind, size]] of Object.entries(FIXED)) {
    for (const end of size === 1 ? [""] : ["BE", "LE"]) {
      const read = function (offset = 0) { return view(this, offset, size)["get" + kind](0, end === "LE"); };
      const write = function (value, offset = 0) {
        view(this, offset, size)["set" + kind](0, value, end === "LE");
        return offset + size;
      };
      define("read" + name + end, read);
      define("write" + name + end, write);
      if (name.includes("UInt")) {
        define("read" + name.replace("UInt", "Uint") + end, read);
        define("write" + name.replace("UInt", "Uint") + end, write);
      }
    }
  }

  const whole = (buffer, offset, size, isLittle) => {
    if (!(size >= 1 && size <= 6)) throw new RangeError("The length must be 1 to 6 bytes");
    view(buffer, offset, size);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + buffer[offset + (isLittle ? size - 1 - i : i)];
    return value;
  };
  for (const end of ["BE", "LE"]) {
    const unsigned = function (offset, size) { return whole(this, offset, size, end === "LE"); };
    define("readUInt" + end, unsigned);
    define("readUint" + end, unsigned);
    define("readInt" + end, function (offset, size) {
      const value = whole(this, offset, size, end === "LE");
      return value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
    });
  }

  Object.defineProperty(globalThis, "Buffer", { value: Buffer, writable: true, configurable: true });
})();
