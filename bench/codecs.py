"""`python -m bench.codecs [--corpus DIR] [--small]`: frames decoded a second of a processor, warm, through a worker.

Of a processor, not of a clock: the worker's and the caller's processor time together, so that other work on the machine
doesn't count. `--corpus` measures the codecs of a repository (see docs/codecs.md) with its own examples beside ours.
"""

import argparse
import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path

from bench import home, machine

Job = tuple[str, Sequence[tuple[bytes, int, int]]]

# A fixed layout; a list of channels, as most makers do; an old style; a script of 100 kB.
PLAIN = """function decodeUplink(input) {
  var b = input.bytes;
  return {data: {temperature: ((b[0] << 24 >> 16) | b[1]) / 100, humidity: b[2] / 2, battery: 2 + b[3] / 100}};
}"""
CHANNELS = """function decodeUplink(input) {
  var data = {}, bytes = input.bytes;
  for (var i = 0; i < bytes.length;) {
    var channel = bytes[i++], type = bytes[i++];
    if (type === 0x67) { data['temperature_' + channel] = (bytes[i] | (bytes[i + 1] << 24 >> 16)) / 10; i += 2; }
    else if (type === 0x68) { data['humidity_' + channel] = bytes[i] / 2; i += 1; }
    else if (type === 0x75) { data.battery = bytes[i]; i += 1; }
    else break;
  }
  return {data: data, warnings: []};
}"""
OLD = """function Decoder(bytes, port) {
  var hex = Buffer.from(bytes).toString('hex');
  count = 0;
  return {port: port, id: parseInt(hex.slice(0, 4), 16), level: Buffer.from(bytes).readUInt16BE(2)};
}"""
_CASES = " ".join(f"case {n}: return {{value: (b[i] << 8 | b[i + 1]) / {n + 1}, unit: 'u{n}'}};" for n in range(12))
LARGE = "\n".join(
    f"function parse{n}(b, i) {{ switch (b[i]) {{ {_CASES} default: return {n}; }} }}" for n in range(125)
)
LARGE += "\nfunction decodeUplink(input) { return {data: {a: parse7(input.bytes, 0), b: parse99(input.bytes, 2)}}; }"
KINDS = {"a fixed layout": PLAIN, "channels": CHANNELS, "old style, Buffer": OLD, "a script of 100 kB": LARGE}
FRAME = (bytes.fromhex("016709010268640375ff"), 85, 1_700_000_000_000_000)


def rate(jobs: Sequence[Job], scripts: dict[str, str], at_least_s: float) -> tuple[int, float, float]:
    """Frames of `jobs`, and the seconds of a processor and of the clock they take in one go, the mean of many times."""
    from mitoyen.connect.codecs.answers import Frame
    from mitoyen.connect.codecs.pool import Pool

    work = [(codec, [Frame(*frame) for frame in frames]) for codec, frames in jobs]
    count = sum(len(frames) for _codec, frames in work)
    with Pool(workers=1) as pool:
        for codec, script in scripts.items():
            pool.register(codec, script)
        pool.decode_many(work)
        began, spent, times = time.perf_counter(), _spent(pool.pids()), 0
        while time.perf_counter() - began < at_least_s:
            pool.decode_many(work)
            times += 1
        return count, (_spent(pool.pids()) - spent) / times, (time.perf_counter() - began) / times


def _spent(pids: list[int]) -> float:
    worker = sum(time.clock_gettime(_clock_of(pid)) for pid in pids)
    return worker + time.process_time()


def _clock_of(pid: int) -> int:
    return (~pid << 3) | 2  # What Linux makes of a process' number, see clock_getcpuclockid(3).


def from_corpus(folder: Path) -> tuple[list[Job], dict[str, str]]:
    """Every example that is decoded, as jobs."""
    from mitoyen.connect.codecs import layout

    jobs: list[Job] = []
    scripts, now = {}, dt.datetime.now(dt.UTC)
    for path in layout.descriptions(folder):
        codec = layout.read(path, folder, now)
        if codec is None or not isinstance(codec.script, str):
            continue
        scripts[str(path)] = codec.script
        frames = [example.frame for example in codec.examples if isinstance(example, layout.Example)]
        if frames:
            jobs.append((str(path), frames * 4))
    return jobs, scripts


def _row(what: str, rates: list[tuple[int, float, float]], asked: str = "20,000") -> tuple[str, str, str]:
    frames, processor, clock = (sum(column) for column in zip(*rates, strict=True))
    return what, f"{frames / processor:,.0f} ({frames / clock:,.0f} by the clock)", asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="A repository of codecs.")
    parser.add_argument("--small", action="store_true", help="Half a second a line.")
    options = parser.parse_args()
    from mitoyen.connect.codecs.limits import CODECS

    seconds = 0.5 if options.small else 5.0
    with home.temporary():
        rows = []
        for name, script in KINDS.items():
            rows.append(_row(f"{name}, 100 frames a call", [rate([("one", [FRAME] * 100)], {"one": script}, seconds)]))
        rows.append(_row("a fixed layout, one frame a call", [rate([("one", [FRAME])], {"one": PLAIN}, seconds)], ""))
        mixed = {f"codec {n}": list(KINDS.values())[n % 4] + f"\n// {n}" for n in range(20)}
        in_one_go = [(codec, [FRAME] * 5) for codec in mixed]
        rows.append(_row("20 codecs mixed, 100 frames a call", [rate(in_one_go, mixed, seconds)]))
        if options.corpus:
            jobs, scripts = from_corpus(options.corpus)
            # As many at once as a worker keeps contexts of.
            parts = [jobs[first : first + CODECS] for first in range(0, len(jobs), CODECS)]
            rates = [rate(part, {name: scripts[name] for name, _frames in part}, seconds) for part in parts]
            rows.append(_row(f"{len(jobs)} codecs of the corpus", rates))
        machine.show("Decoded frames a second of a processor, both processes counted", rows)


if __name__ == "__main__":
    main()
