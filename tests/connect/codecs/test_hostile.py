"""Scripts that try to hang, fill, crash or fool: each costs its own frame, and the honest one after it is decoded."""

import pytest

from mitoyen.connect.codecs.answers import Decoded, Fault, Frame, Reason
from mitoyen.connect.codecs.pool import Pool

HONEST = "function decodeUplink(input) { return {data: {n: input.bytes[0]}}; }"
FRAMES = [Frame(b"\x05", 1, 0)]

_ATTACKS = {
    "endless loop": ("for (;;);", Reason.TOO_SLOW),
    "endless loop at the top": ("} while (true) {", Reason.TOO_SLOW),
    "loop that catches": ("for (;;) { try { for (;;); } catch (e) {} finally { continue; } }", Reason.TOO_SLOW),
    "regular expression": ("return /^(a+)+$/.test('a'.repeat(50) + 'b')", Reason.TOO_SLOW),
    "loop in the engine: indexOf": ("const a = []; a.length = 2 ** 32 - 1; return a.indexOf(1)", Reason.TOO_SLOW),
    "loop in the engine: shift": ("Array.prototype.shift.call({length: 2 ** 53 - 1})", Reason.TOO_SLOW),
    "loop in the engine: join": ("const a = []; a[4e9] = 1; a.sort(); return a.join()", Reason.TOO_SLOW),
    "loop in the engine: text": ("return 'a'.repeat(1e7).indexOf('a'.repeat(5e6) + 'b')", Reason.TOO_SLOW),
    "loop in a getter": ("return {data: {get x() { for (;;); }}}", Reason.TOO_SLOW),
    "loop in toJSON": ("return {data: {toJSON() { for (;;); }}}", Reason.TOO_SLOW),
    "loop in a proxy": ("return new Proxy({}, {has: () => true, get() { for (;;); }})", Reason.TOO_SLOW),
    "loop in what is thrown": ("throw {toString() { for (;;); }}", Reason.TOO_SLOW),
    "loop in a thrown message": ("throw {get message() { for (;;); }}", Reason.TOO_SLOW),
    "memory": ("const a = []; for (;;) a.push('x'.repeat(1e5) + a.length)", Reason.THREW),
    "memory, typed": ("return {data: {n: new Uint8Array(2 ** 31).length}}", Reason.THREW),
    "memory, caught": ("try { const a = []; for (;;) a.push(new Array(1e4).fill(a)); } catch (e) {} throw 1", None),
    "recursion": ("return decodeUplink(arguments[0])", Reason.THREW),
    "recursion in toString": ("const a = []; a[0] = a; a.toString = () => '' + a; throw a", Reason.THREW),
    "deep answer": ("let d = {}; for (let i = 0; i < 1e5; i++) d = {d}; return {data: d}", Reason.THREW),
    "deep answer, not too deep to write": ("let d = {}; for (let i = 0; i < 900; i++) d = {d}; return {data: d}", None),
    "answer of 100 MB": ("return {data: {x: 'x'.repeat(1e8)}}", Reason.THREW),
    "answer of 1 MB": ("return {data: {x: 'x'.repeat(1e6)}}", Reason.TOO_LARGE),
    "many fields": ("const d = {}; for (let i = 0; i < 1e5; i++) d['k' + i] = i; return {data: d}", Reason.TOO_LARGE),
    "cyclic answer": ("const d = {}; d.d = d; return {data: d}", Reason.THREW),
    "thrower of throwers": ("throw {get message() { throw 1 }, toString() { throw 2 }}", Reason.THREW),
    "thrown symbol": ("throw Symbol('x')", Reason.THREW),
    "thrown null": ("throw null", Reason.THREW),
    "thrown proxy": ("throw new Proxy({}, {get() { throw 1 }, has() { throw 2 }})", Reason.THREW),
    "thrown text of 10 MB": ("throw 'x'.repeat(1e7)", Reason.THREW),
    "promise": ("return Promise.resolve({data: {}})", Reason.UNUSABLE),
    "function": ("return () => ({data: {}})", Reason.UNUSABLE),
    "text for data": ("return {data: 'x'}", Reason.UNUSABLE),
    "toJSON for all": ("Object.prototype.toJSON = () => '{}'; return {data: {}}", Reason.UNUSABLE),
    "forged refusal": ("Object.prototype.toJSON = function () { return '!' }; return {data: {}}", Reason.UNUSABLE),
    "no such global": ("return {data: {x: process.env}}", Reason.THREW),
    "import": ("return import('fs')", Reason.UNUSABLE),
    "require": ("return require('fs')", Reason.THREW),
    "waiting": ("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", Reason.THREW),
}  # fmt: skip


@pytest.mark.parametrize("name", _ATTACKS)
def test_an_attack_costs_its_own_frame_only(name, pool):
    body, reason = _ATTACKS[name]
    script = f"function decodeUplink(input) {{ {body} }}"
    pool.register(name, script)
    pool.register("honest", HONEST)
    attacked, honest = pool.decode_many([(name, FRAMES), ("honest", FRAMES)])
    assert honest == [Decoded({"n": 5})]
    (answer,) = attacked
    if reason is not None:
        assert isinstance(answer, Fault), answer
        assert answer.reason == reason
        assert len(answer.message) <= 400


def test_values_of_every_kind_are_survived(pool):
    script = """function decodeUplink(input) { return {data: {
        big: 10n, symbol: Symbol('x'), [Symbol('k')]: 1, date: new Date(0), map: new Map(), fn() {}, re: /x/,
        proxy: new Proxy({a: 1}, {}), buffer: Buffer.from([1]), nan: NaN, ok: 1, '__proto__x': 2,
        ['__proto__']: {polluted: 1}}}; }"""
    pool.register("kinds", script)
    (answer,) = pool.decode("kinds", FRAMES)
    assert isinstance(answer, Decoded)
    assert answer.data["ok"] == 1
    assert answer.data["big"] == 10
    assert answer.data["date"] == "1970-01-01T00:00:00.000Z"
    assert answer.data["proxy"] == {"a": 1}
    assert answer.left_out == ("nan",)


def test_many_memory_bombs_do_not_fill_a_worker():
    bomb = "function Decoder() { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length); } // %d"
    with Pool(workers=1) as pool:
        for n in range(10):
            pool.register(f"bomb {n}", bomb % n)
        pool.register("honest", HONEST)
        for n in range(10):
            (answer,) = pool.decode(f"bomb {n}", FRAMES)
            assert isinstance(answer, Fault)
            assert pool.decode("honest", FRAMES) == [Decoded({"n": 5})]


def test_work_left_for_later_never_runs_and_its_memory_is_bounded(pool):
    script = """function decodeUplink(input) {
        const kept = new Array(1e4).fill(input);
        (async () => { for (;;) { await null; kept.push(1); } })();
        return {data: {n: input.bytes[0]}};
    }"""
    pool.register("later", script)
    answers = pool.decode("later", FRAMES * 500)
    assert answers.count(Decoded({"n": 5})) > 400
    assert answers[-1] == Decoded({"n": 5}) or answers[-2] == Decoded({"n": 5})
