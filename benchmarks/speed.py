"""How long the main job takes: import, start of the demo, encoding and decoding at four sizes.

Times are the best of several runs; "per megapixel" shows whether time grows linearly with pixels. Each size
runs in a process of its own, so that peak memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "examples" / "mountains.jpg"
SIZES = ((384, 256), (768, 512), (1536, 1024), (2048, 1365), (4032, 3024))


def run_size(width: int, height: int, budget: str, repeats: int) -> None:
    from PIL import Image

    from textsketch.pipeline import decode, encode

    picture = Image.open(PICTURE).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    encode_s, decode_s = [], []
    for _ in range(repeats):
        started = time.perf_counter()
        encoded = encode(picture, budget=budget, caption="a path across a meadow to rocky mountains")
        encoded_at = time.perf_counter()
        decode(encoded.data)
        encode_s.append(encoded_at - started)
        decode_s.append(time.perf_counter() - encoded_at)
    megapixels = width * height / 1e6
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cells = [f"{width} x {height}", f"{encoded.size_bytes}"]
    for best_s in (min(encode_s), min(decode_s)):
        cells += [f"{best_s:.2f}", f"{best_s / megapixels:.2f}"]
    print(f"| {' | '.join([*cells, f'{peak_mib:.0f}'])} |", flush=True)


def best_import_s() -> float:
    times = []
    for _ in range(7):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textsketch"], cwd=ROOT, check=True)
        with_import = time.perf_counter() - started
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], cwd=ROOT, check=True)
        times.append(with_import - (time.perf_counter() - started))
    return min(times)


def app_start_s() -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "textsketch", "app", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - started < 120:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                return time.perf_counter() - started
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError("the demo did not start in two minutes")
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", default="1500B")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--size", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.size:
        run_size(*map(int, options.size.split("x")), options.budget, options.repeats)
        return
    print(f"import textsketch: {best_import_s():.2f} s; demo listening after {app_start_s():.1f} s\n")
    print("| size | bytes | encode s | s per megapixel | decode s | s per megapixel | peak memory MiB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for width, height in SIZES:
        command = [sys.executable, __file__, "--size", f"{width}x{height}"]
        command += ["--budget", options.budget, "--repeats", str(options.repeats)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
