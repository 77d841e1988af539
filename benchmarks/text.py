"""What a caption costs: the text coder beside general-purpose compressors, real bytes, each caption alone.

    python benchmarks/text.py --data ../shared/data

Captions are ones no table was trained on. The dictionaries of the other compressors are made from the same
training captions (every third of them) as our tables. brotli and zstandard are needed for the benchmark only
(pip install brotli zstandard).
"""

import argparse
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from textsketch.bitstream import pack  # noqa: E402
from textsketch.layers import Layers, Semantic  # noqa: E402
from textsketch.semantic.text.coder import decode_text, encode_text  # noqa: E402
from training.text_prior.corpus import SOURCES, read_held_out, read_lines, read_training  # noqa: E402

ZSTD_DICTIONARY_BYTES = 110_000
DEFLATE_DICTIONARY_BYTES = 32_768


def deflate_with_dictionary(dictionary: bytes) -> Callable[[bytes], int]:
    def size(data: bytes) -> int:
        coder = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, dictionary)
        return len(coder.compress(data) + coder.flush())

    return size


def preset_dictionary(captions: list[str]) -> bytes:
    """Return the most useful phrases of one to four words, best last, where deflate reaches cheapest."""
    phrases: Counter[str] = Counter()
    for caption in captions:
        words = caption.split(" ")
        for count in range(1, 5):
            phrases.update(" ".join(words[i : i + count]) + " " for i in range(len(words) - count + 1))
    ranked = sorted(phrases, key=lambda p: (-phrases[p] * (len(p) - 2), p))
    chosen, size = [], 0
    for phrase in ranked:
        if size + len(phrase) > DEFLATE_DICTIONARY_BYTES:
            break
        chosen.append(phrase)
        size += len(phrase)
    return "".join(reversed(chosen)).encode()


def compressors(captions: list[str]) -> dict[str, Callable[[bytes], int]]:
    found = {
        "zlib -9": lambda data: len(zlib.compress(data, 9)),
        "deflate + 32 kB dictionary": deflate_with_dictionary(preset_dictionary(captions)),
    }
    try:
        import brotli

        found["brotli 11"] = lambda data: len(brotli.compress(data, mode=brotli.MODE_TEXT, quality=11))
    except ImportError:
        print("brotli is not installed, so it is left out")
    try:
        import zstandard

        dictionary = zstandard.train_dictionary(
            ZSTD_DICTIONARY_BYTES, [c.encode() for c in captions], level=19
        )
        options = zstandard.ZstdCompressionParameters.from_level(
            19,
            write_content_size=False,
            write_checksum=False,
            write_dict_id=False,
            format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        )
        zstd = zstandard.ZstdCompressor(dict_data=dictionary, compression_params=options)
        found["zstd -19 + 110 kB dictionary"] = lambda data: len(zstd.compress(data))
    except ImportError:
        print("zstandard is not installed, so it is left out")
    found["textsketch"] = lambda data: len(encode_text(data.decode()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--limit", type=int, default=1500, help="captions of each kind, evenly spread")
    arguments = parser.parse_args()
    if not (arguments.data / "captions").is_dir():
        print(f"{arguments.data}/captions is not there, so there is nothing to measure")
        return
    kinds = {"coco_dev": read_lines(arguments.data / "captions/coco_dev.txt")}
    kinds |= {
        s.file.removesuffix("_train.txt"): read_held_out(arguments.data, s) for s in SOURCES if s.held_out
    }
    kinds["prompts (self-written)"] = read_lines(ROOT / "benchmarks/text_prompts.txt")
    for name, captions in kinds.items():
        step = max(1, len(captions) // arguments.limit)
        kinds[name] = captions[::step]
    found = compressors([line for line, _ in read_training(arguments.data)][::3])
    encode_text("warm")
    header = [f"{name} ({len(c)} of {sum(map(len, c)) / len(c):.0f} characters)" for name, c in kinds.items()]
    print("| mean bytes a caption | " + " | ".join(header) + " |")
    print("|---" * (len(kinds) + 1) + "|")
    for coder, size in found.items():
        means = [sum(size(c.encode()) for c in captions) / len(captions) for captions in kinds.values()]
        print(f"| {coder} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    sample = kinds["coco_dev"][:300]
    characters = sum(map(len, sample))
    begin = time.process_time()
    coded = [encode_text(c) for c in sample]
    middle = time.process_time()
    if [decode_text(data) for data in coded] != sample:
        raise SystemExit("a caption did not come back as it was")
    end = time.process_time()
    print(
        f"encode {(middle - begin) / characters * 1e5:.1f} ms, decode {(end - middle) / characters * 1e5:.1f} ms"
    )
    print("of processor time for 100 characters")
    files = [pack(Layers((1024, 1024), Semantic(c))) for c in kinds["coco_dev"]]
    mean_bytes = sum(map(len, files)) / len(files)
    print(
        f"a text-only .tsk of a coco_dev caption at 1024 x 1024, no descriptors: {mean_bytes:.2f} bytes in all, "
        f"{8e6 * mean_bytes / 1024**2:.0f} micro-bpp"
    )


if __name__ == "__main__":
    main()
