// The realm a codec runs in. Evaluated once in a new context, after buffer.js and before the codec; returns `load`.
//
// A decode must not change the next one. Three things see to it:
// 1. what the language brings (prototypes, Math, JSON, Buffer…) is locked: nothing there can be replaced;
// 2. the codec's whole script runs anew for each frame, so its own variables start as the author wrote them;
// 3. what was added to the few objects left extensible (the global one, for codecs that forget `var`, and those of
//    `extended`, prototypes that this codec names) is taken away after each frame. Where something can't be, the answer
//    begins with "~", and the context is thrown away.
(function (maxOutput, extended) {
  "use strict";

  const quiet = () => undefined;
  globalThis.console = { log: quiet, info: quiet, debug: quiet, warn: quiet, error: quiet, trace: quiet, table: quiet };
  // Ways to wait, to share memory, or to run after the frame.
  for (const name of ["Atomics", "SharedArrayBuffer", "WeakRef", "FinalizationRegistry", "queueMicrotask", "performance"]) {
    delete globalThis[name];
  }
  // Their setters keep state where no lock reaches.
  delete Error.prepareStackTrace;
  delete Error.stackTraceLimit;

  // The globals move to a prototype of the global object: what is added to it is then quickly seen.
  const globals = Object.create(Object.prototype);
  Reflect.setPrototypeOf(globalThis, globals);
  for (const key of Reflect.ownKeys(globalThis)) {
    const property = Reflect.getOwnPropertyDescriptor(globalThis, key);
    if (property.configurable) {
      Reflect.defineProperty(globals, key, property);
      delete globalThis[key];
    }
  }

  const EXTENSIBLE = [globalThis, ...(extended ? extended.split(" ") : []).map((name) => globalThis[name].prototype)];
  // Objects inherit from these: `mine.toString = …` must work though the inherited property is locked.
  const INHERITED = new Set([Object.prototype, Function.prototype, ...[Error, EvalError, RangeError,
    ReferenceError, SyntaxError, TypeError, URIError, AggregateError].map((one) => one.prototype)]);

  const everything = () => {
    const found = new Set();
    const walk = (value) => {
      if ((typeof value !== "object" && typeof value !== "function") || value === null || found.has(value)) return;
      found.add(value);
      walk(Reflect.getPrototypeOf(value));
      for (const key of Reflect.ownKeys(value)) {
        const property = Reflect.getOwnPropertyDescriptor(value, key);
        walk(property.value);
        walk(property.get);
        walk(property.set);
      }
    };
    walk(globalThis);
    // What no name leads to: kinds of function and iterator.
    [function* () {}, async () => {}, async function* () {}, [].values(), "".matchAll(/a/g), ""[Symbol.iterator](),
      new Map().values(), new Set().values(), [].values().map(quiet), Iterator.from({ next: quiet }),
      (function* () {})(), (async function* () {})(), new Proxy({}, {})].forEach(walk);
    return found;
  };

  const assignable = (owner, key, property) => ({
    get: () => property.value,
    set(value) {
      if (this === owner) return;
      Reflect.defineProperty(Object(this), key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
    },
    enumerable: false,
    configurable: false,
  });

  const lock = (owner) => {
    for (const key of Reflect.ownKeys(owner)) {
      const property = Reflect.getOwnPropertyDescriptor(owner, key);
      if (!property.configurable) {
        if (property.writable) Reflect.defineProperty(owner, key, { writable: false });
      } else if ("value" in property) {
        Reflect.defineProperty(owner, key, INHERITED.has(owner) ? assignable(owner, key, property)
          : { writable: false, configurable: false });
      } else {
        Reflect.defineProperty(owner, key, { configurable: false });
      }
    }
    if (!EXTENSIBLE.includes(owner)) Reflect.preventExtensions(owner);
  };

  everything().forEach(lock);
  // The prototype of what stays extensible can still be changed.
  const chain = EXTENSIBLE.map((owner) => Reflect.getPrototypeOf(owner));
  const known = EXTENSIBLE.map((owner) => new Set(Reflect.ownKeys(owner)));
  const { ownKeys, deleteProperty, getPrototypeOf, isExtensible } = Reflect;

  const tidy = () => {
    for (let i = 0; i < EXTENSIBLE.length; i++) {
      const owner = EXTENSIBLE[i];
      const keys = ownKeys(owner);
      if (keys.length !== known[i].size) {
        for (let j = 0; j < keys.length; j++) {
          if (!known[i].has(keys[j]) && !deleteProperty(owner, keys[j])) return false;
        }
      }
      if (getPrototypeOf(owner) !== chain[i] || !isExtensible(owner)) return false;
    }
    return true;
  };

  const describe = (thrown) => {
    try {
      const isObject = typeof thrown === "object" && thrown !== null;
      const text = isObject && "message" in thrown ? thrown.name + ": " + thrown.message : String(thrown);
      return text.slice(0, 300).toWellFormed();
    } catch {
      return "something that has no words";
    }
  };

  // JSON has no NaN and no Infinity: such a field is left out (null within a list). Nor has it BigInt: written as a number,
  // as text where a number is not exact.
  const writeWithCare = (answer) => {
    const leftOut = [];
    const paths = new Map();
    const replace = function (key, value) {
      const path = (paths.get(this) ?? "") + key;
      if (typeof value === "object" && value !== null && key !== "") paths.set(value, path + ".");
      if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
      if (typeof value !== "number" || Number.isFinite(value)) return value;
      if (leftOut.length < 20) leftOut.push(path.slice(0, 100).toWellFormed());
      return undefined;
    };
    answer.data = JSON.parse(JSON.stringify(answer.data, replace) ?? "null");
    return JSON.stringify({ ...answer, left_out: leftOut });
  };

  const write = (answer) => {
    let text;
    try {
      text = JSON.stringify(answer);
    } catch {
      return writeWithCare(answer);
    }
    return text.length <= maxOutput && text.includes("null") ? writeWithCare(answer) : text;
  };

  const answerOf = (style, returned) => {
    if (typeof returned !== "object" || returned === null || returned instanceof Promise) return null;
    if (style !== "decodeUplink") return { data: returned };
    if (!("data" in returned || "errors" in returned || "warnings" in returned)) return null;
    return { data: returned.data, warnings: returned.warnings, errors: returned.errors };
  };

  const call = (codec, style, bytes, fPort, milliseconds) => {
    if (style === "decodeUplink") return codec({ bytes, fPort, recvTime: new Date(milliseconds), variables: {} });
    return style === "Decode" ? codec(fPort, bytes, {}) : codec(bytes, fPort);
  };

  const STYLES = ["decodeUplink", "Decode", "Decoder"];

  const chosen = (locals, exported) => {
    for (const style of STYLES) {
      if (typeof locals[style] === "function") return [locals[style], style];
      if (exported && typeof exported[style] === "function") return [exported[style], style];
    }
    return [undefined, ""];
  };

  const decode = (script, fPort, milliseconds, bytes) => {
    let text;
    try {
      const exports = {};
      const module = { exports };
      const locals = script(module, exports).call(globalThis);
      const [codec, style] = chosen(locals, module.exports);
      if (!codec) return "!broken no decodeUplink, Decode or Decoder";
      const answer = answerOf(style, call(codec, style, JSON.parse(bytes), fPort, milliseconds));
      text = answer === null ? "!unusable no data in it" : write(answer);
      if (text.length > maxOutput) text = "!too_large";
    } catch (thrown) {
      text = "!threw " + describe(thrown);
    }
    return tidy() ? text : "~" + text;
  };

  // `script` is the codec's text within functions, see runtime.py. The answer is JSON, or "!" and why there is
  // none.
  return (script) => (fPort, milliseconds, bytes) => decode(script, fPort, milliseconds, bytes);
})
