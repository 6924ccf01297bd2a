"""One codec in one context: the dialects that device makers write, and decodes that don't touch each other."""

import json

import pytest

from mitoyen.connect.codecs.runtime import Codec

RECEIVED = 1_700_000_000_000_000  # 2023-11-14T22:13:20Z


def decode(script, payload=b"\x01\x02\xff", port=7, times=1):
    codec = Codec(script)
    answers = [codec.decode(payload, port, RECEIVED) for _ in range(times)]
    return json.loads(answers[-1]) if answers[-1].startswith("{") else answers[-1]


@pytest.mark.parametrize(
    "script",
    [
        "function decodeUplink(input) { return {data: {n: input.bytes.length, port: input.fPort}}; }",
        "const decodeUplink = ({bytes, fPort}) => ({data: {n: bytes.length, port: fPort}});",
        "export function decodeUplink(input) { return {data: {n: input.bytes.length, port: input.fPort}}; }",
        "function Decode(fPort, bytes, variables) { return {n: bytes.length, port: fPort}; }",
        "function Decoder(bytes, port) { return {n: bytes.length, port: port}; }",
        "module.exports = {decodeUplink: function (i) { return {data: {n: i.bytes.length, port: i.fPort}}; }};",
        "exports.Decoder = function (bytes, port) { return {n: bytes.length, port: port}; }; // the end",
        "'use strict'; module.exports.Decode = (port, bytes) => ({n: bytes.length, port});",
        "function Decoder(b, p) { return {n: b.length, port: p}; }\n"
        "function decodeUplink(i) { return {data: Decoder(i.bytes, i.fPort)}; }",
    ],
)
def test_each_dialect_gives_the_same(script):
    assert decode(script)["data"] == {"n": 3, "port": 7}


def test_warnings_errors_and_the_time_of_receipt_come_through():
    script = """function decodeUplink(input) {
        return {data: {at: input.recvTime}, warnings: ["low battery"], errors: []};
    }"""
    assert decode(script) == {"data": {"at": "2023-11-14T22:13:20.000Z"}, "warnings": ["low battery"], "errors": []}


def test_bytes_are_a_plain_array_and_a_buffer_can_be_made_of_them():
    script = """function Decoder(bytes) {
        const b = Buffer.from(bytes);
        return {plain: Array.isArray(bytes), u16: b.readUInt16BE(0), le: b.readUInt16LE(0), i8: b.readInt8(2),
            hex: b.toString('hex'), base64: b.toString('base64'), back: Buffer.from('0102ff', 'hex').equals(b),
            sliced: b.slice(1).length, all: Buffer.concat([b, Buffer.alloc(1)]).toString('hex'),
            i24: b.readIntBE(0, 3), utf8: Buffer.from('é€😀').toString(),
            float: Buffer.from([63, 128, 0, 0]).readFloatBE(),
            is: Buffer.isBuffer(b), text: Buffer.from('aGk', 'base64').toString('ascii'), json: JSON.stringify(b)};
    }"""
    assert decode(script)["data"] == {
        "plain": True, "u16": 258, "le": 513, "i8": -1, "hex": "0102ff", "base64": "AQL/", "back": True, "sliced": 2,
        "all": "0102ff00", "i24": 66303, "utf8": "é€😀", "float": 1, "is": True, "text": "hi",
        "json": '{"type":"Buffer","data":[1,2,255]}',
    }  # fmt: skip


def test_reading_past_the_end_of_a_buffer_is_an_error():
    assert "RangeError" in decode("function Decoder(bytes) { return {x: Buffer.from(bytes).readUInt32BE(0)}; }")


def test_console_and_base64_are_there_and_silent(capfd):
    script = """function Decoder(bytes) {
        console.log(bytes); console.warn('x'); console.error({});
        return {to: btoa('hi'), from: atob('aGk=')};
    }"""
    assert decode(script)["data"] == {"to": "aGk=", "from": "hi"}
    assert capfd.readouterr() == ("", "")


def test_what_is_no_finite_number_is_left_out_and_named():
    script = """function Decoder() {
        return {temperature: NaN, battery: 1/0, humidity: 40, door: null, list: [1, NaN], nested: {x: -1/0, y: 1}};
    }"""
    answer = decode(script)
    assert answer["data"] == {"humidity": 40, "door": None, "list": [1, None], "nested": {"y": 1}}
    assert sorted(answer["left_out"]) == ["battery", "list.1", "nested.x", "temperature"]


def test_values_that_json_lacks():
    script = """function Decoder() {
        return {small: 12n, large: 2n ** 70n, symbol: Symbol('x'), f() {}, u: undefined, d: new Date(0),
            never: new Date(NaN), map: new Map([[1, 2]]), lone: '\\ud800'};
    }"""
    assert decode(script)["data"] == {
        "small": 12, "large": "1180591620717411303424", "d": "1970-01-01T00:00:00.000Z", "never": None, "map": {},
        "lone": "\ud800",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("var x = 1;", "!broken"),
        ("function decodeUplink( {", "!broken SyntaxError"),
        ("function Decoder() { return 5; }", "!unusable"),
        ("function decodeUplink() { return {temperature: 5}; }", "!unusable"),
        ("async function decodeUplink() { return {data: {}}; }", "!unusable"),
        ("function Decoder() { throw new Error('unknown frame'); }", "!threw Error: unknown frame"),
        ("throw 'at once';", "!threw at once"),
        ("function Decoder() { const a = {}; a.a = a; return a; }", "!threw TypeError"),
    ],
)
def test_what_goes_wrong_is_said(script, answer):
    assert decode(script, times=2).startswith(answer)


def test_a_throw_does_not_cost_a_new_context():
    codec = Codec("function Decoder(bytes) { if (bytes[0] === 1) throw new Error('no'); return {}; }")
    codec.decode(b"\x01", 1, 0)
    kept = codec._decode
    codec.decode(b"\x01", 1, 0)
    assert codec._decode is kept is not None


# ----------------------------------------------------------------- a decode doesn't change the next one

_TAMPERING = [
    "Object.prototype.toJSON = () => 1",
    "Object.prototype.extra = 1",
    "Object.defineProperty(Object.prototype, 'extra', {value: 1, configurable: true})",
    "Object.defineProperty(Object.prototype, 'extra', {value: 1})",
    "Object.prototype.hasOwnProperty = () => true",
    "Array.prototype.push = function () { return 99 }",
    "Array.prototype.extra = 1",
    "Array.prototype[Symbol.iterator] = function* () { yield 99 }",
    "Object.getPrototypeOf([].values()).next = () => ({done: true})",
    "Object.getPrototypeOf(function* () {}).prototype.next = () => ({done: true, value: 99})",
    "String.prototype.charCodeAt = () => 99",
    "Number.prototype.toFixed = () => '99'",
    "Function.prototype.call = () => 99",
    "Date.prototype.toISOString = () => '99'",
    'JSON.stringify = () => \'{"data":{"x":99}}\'',
    "JSON.parse = () => [99]",
    "Math.floor = () => 99",
    "Math.extra = 1",
    "delete Math.floor",
    "Buffer.from = () => ({readUInt8: () => 99})",
    "Buffer.prototype.readUInt8 = () => 99",
    "console.log = () => { throw 99 }",
    "globalThis.Math = {floor: () => 99}",
    "Reflect.ownKeys = () => []",
    "Reflect.deleteProperty = () => true",
    "Set.prototype.has = () => true",
    "Error.prepareStackTrace = () => { throw 99 }; Error.prototype.message = 'x'",
    "Object.setPrototypeOf(Array.prototype, {extra: 1})",
    "Object.setPrototypeOf(globalThis, {extra: 1})",
    "Object.freeze(Object.prototype); Object.freeze(globalThis)",
    "extra = 1",
    "globalThis['Obj' + 'ect']['proto' + 'type'].extra = 1",
    "Object.getPrototypeOf([]).extra = 1",
    "Object.getPrototypeOf(globalThis).extra = 1; Object.getPrototypeOf(globalThis).Math = 1",
    "globalThis.extra = 1",
    "Object.defineProperty(globalThis, 'extra', {value: 1})",
    "(0, eval)('var extra = 1')",
    "new Function('extra = 1')()",
    "own++; table.push(1); table.extra = 1; Own.extra = 1; Own.prototype.extra = 1",
    "arguments.callee.extra = 1; me.extra = 1; me.prototype.extra = 1",
    "module.exports.extra = 1; exports.extra = 1; module.extra = 1",
    "Promise.resolve().then(() => { extra = 1; Math.floor = 1 })",
]

_WITNESS = """
var own = 0, table = [1], me = arguments.callee;
class Own {}
const tamper = () => { %s };
function look() {
    const list = [];
    list.push(3);
    const added = typeof extra + ({}).extra + [].extra + Math.extra + Own.extra + me.extra + exports.extra
        + table.extra;
    return {added, own, table: table.length, list: list.length, spread: [...[4, 5]], floor: Math.floor(1.5),
        code: 'a'.charCodeAt(0), fixed: (1).toFixed(1), json: JSON.stringify({a: [1]}), parsed: JSON.parse('[1]'),
        has: ({}).hasOwnProperty('a'), buffer: Buffer.from([5]).readUInt8(0), date: new Date(0).toISOString(),
        sum: (function (a) { return a }).call(null, 2), next: (function* () { yield 1 })().next().value,
        set: new Set([1]).has(2), name: new Error('m').message, keys: Reflect.ownKeys({k: 1}), log: console.log()};
}
function Decoder(bytes) {
    if (bytes[0] === 1) { tamper(); return {} }
    return look();
}
"""


@pytest.mark.parametrize("tampering", _TAMPERING)
def test_tampering_does_not_reach_the_next_frame(tampering):
    codec = Codec(_WITNESS % tampering)
    before = codec.decode(b"\x02", 1, 0)
    codec.decode(b"\x01", 1, 0)
    assert json.loads(before)["data"]["floor"] == 1
    assert codec.decode(b"\x02", 1, 0) == before


def test_a_codec_may_extend_prototypes_for_itself():
    script = """
    Object.prototype.readByte = function (at) { return this[at]; };
    String.prototype.shout = function () { return this.toUpperCase(); };
    function Decoder(bytes) { return {x: bytes.readByte(1), s: 'a'.shout()}; }
    """
    assert decode(script, times=3)["data"] == {"x": 2, "s": "A"}


@pytest.mark.parametrize("mode", ["", "'use strict';"])
def test_names_that_objects_inherit_can_be_given_to_ones_own(mode):
    script = (
        mode
        + """
    function Fault(message) { this.message = message; this.name = 'Fault'; }
    Fault.prototype = Object.create(Error.prototype);
    Fault.prototype.constructor = Fault;
    Fault.prototype.toString = function () { return this.name + '!'; };
    function Decoder() {
        const o = {};
        o.toString = () => 'mine';
        o.constructor = 1;
        const e = new Error('x');
        e.name = 'Other';
        return {o: String(o), keys: Object.keys(o), e: String(e), f: String(new Fault('y'))};
    }"""
    )
    assert decode(script)["data"] == {"o": "mine", "keys": ["toString", "constructor"], "e": "Other: x", "f": "Fault!"}
