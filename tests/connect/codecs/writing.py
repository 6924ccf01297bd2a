"""Writes a repository of codecs as makers lay it out."""

from pathlib import Path

THERMOMETER = """
function decodeUplink(input) {
    if (input.fPort !== 2) return {errors: ['unknown port']};
    const warnings = input.bytes[2] < 20 ? ['low battery'] : [];
    return {data: {temperature: (input.bytes[0] << 8 | input.bytes[1]) / 30, battery: input.bytes[2]}, warnings};
}
"""
THERMOMETER_YAML = """
uplinkDecoder:
  fileName: thermometer.js
  examples:
    - description: warm
      input: {fPort: 2, bytes: [0x02, 0x58, 90]}
      output: {data: {temperature: 20, battery: 90}}
    - description: a third, rounded
      input: {fPort: 2, bytes: [0x02, 0x59, 90]}
      output: {data: {temperature: 20.0333333, battery: 90}}
    - description: weak
      input: {fPort: 2, bytes: "025810"}
      output: {data: {temperature: 20, battery: 16}, warnings: [low battery]}
    - description: other port
      input: {fPort: 9, bytes: [1]}
      output: {errors: [unknown port]}
    - type: downlink
      description: not an uplink
      input: {data: {every: 60}}
      output: {fPort: 2, bytes: [60]}
downlinkEncoder:
  fileName: encoder.js
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def codec(output: str, script: str, given: str = "{fPort: 1, bytes: [1]}") -> dict[str, str]:
    """One maker's codec with one example."""
    example = f"    - description: one\n      input: {given}\n      output: {output}\n"
    return {
        "vendor/m/c.yaml": f"uplinkDecoder:\n  fileName: c.js\n  examples:\n{example}",
        "vendor/m/c.js": script,
    }
