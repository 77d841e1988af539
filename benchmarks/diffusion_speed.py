"""Time and memory of Stable Diffusion 1.5 with a ControlNet at its true size, with random weights.

    python benchmarks/diffusion_speed.py              # everything, on a GPU
    python benchmarks/diffusion_speed.py --quick      # four steps of 512x512, for a CPU

Runs the package's own road from layers to pictures (textsketch.render.diffusion.sampler.run) without the safety
checker. Seconds are the median of the repeats after one unmeasured run; memory is the peak the GPU allocated,
or the largest size of the process on a CPU, where the seconds are the processor's.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import tiny_models

from textsketch.layers import Layers, Semantic, Strokes
from textsketch.models.networks import device as best_device
from textsketch.render.diffusion import condition, sampler
from textsketch.render.diffusion import networks as diffusion_networks
from textsketch.render.diffusion.profiles import Profile

SCHEDULER = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def true_size_networks(device: torch.device, dtype: torch.dtype) -> diffusion_networks.Networks:
    """Stable Diffusion 1.5's networks and ControlNet by their published configurations, random weights."""
    from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    default, torch_device = torch.get_default_dtype(), torch.device(device)
    torch.set_default_dtype(dtype)
    with torch_device:
        unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8, sample_size=64)
        controlnet = ControlNetModel(cross_attention_dim=768, attention_head_dim=8)
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            latent_channels=4,
        )
        config = CLIPTextConfig(
            hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12
        )
        text_encoder = CLIPTextModel(config)
        preview = AutoencoderTiny()
    torch.set_default_dtype(default)
    networks = [unet, controlnet, vae, text_encoder, preview]
    for network in networks:
        network.to(device, dtype).eval().requires_grad_(False)
        if device.type == "cuda":
            network.to(memory_format=torch.channels_last)
    if device.type == "cpu":
        print_decoders(vae, preview, dtype)
        vae = preview  # as the profile has it
    with tempfile.TemporaryDirectory() as folder:
        tiny_models.clip_tokeniser(Path(folder) / "tokenizer")
        tokenizer = CLIPTokenizer.from_pretrained(Path(folder) / "tokenizer")
    return diffusion_networks.Networks(
        tokenizer, text_encoder, unet, vae, controlnet, {}, (None, None), preview, SCHEDULER, device, dtype
    )


def print_decoders(vae: torch.nn.Module, preview: torch.nn.Module, dtype: torch.dtype) -> None:
    """Processor seconds that decoding 512x512 takes with the whole autoencoder and with the tiny one."""
    latent = torch.randn(1, 4, 64, 64).to(dtype)
    for name, network in (("VAE", vae), ("tiny autoencoder", preview)):
        start = time.process_time()
        with torch.inference_mode():
            network.decode(latent)
        print(
            f"512x512 decoded by the {name}: {time.process_time() - start:.1f} s of the processor", flush=True
        )


def sketch_layers(side: int) -> Layers:
    strokes = np.zeros((192, 192), bool)
    strokes[40:150, 60] = strokes[100, 20:180] = True
    return Layers((side, side), Semantic("a lighthouse on a cliff above the sea"), Strokes(strokes))


def measure(layers: Layers, profile: str, steps: int, count: int, repeats: int) -> list[float]:
    settings = sampler.Settings(steps=steps, safety=False)
    seconds = []
    # Others may use the processor at the same time, but not this time of it.
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    for repeat in range(repeats + 1):
        start = clock()
        *_, last = sampler.run(layers, seeds=tuple(range(count)), profile=profile, settings=settings)
        assert len(last.pictures) == count
        if repeat:
            seconds.append(clock() - start)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="four steps of 512x512 only")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    device = torch.device(best_device(shared_gpu=True))
    dtype = torch.float16 if device.type == "cuda" else torch.bfloat16
    if device.type == "cuda":
        name = torch.cuda.get_device_name()
        torch.backends.cudnn.benchmark = True
    else:
        name = f"CPU, {torch.get_num_threads()} threads"
    print(f"{name}, {dtype}, torch {torch.__version__}")
    networks = true_size_networks(device, dtype)

    def loaded(profile: Profile, **_: object) -> diffusion_networks.Networks:
        return networks

    diffusion_networks.loaded = loaded
    cases = [
        (side, *kind, count)
        for side in (512, 768)
        for kind in (("pics", 25), ("fast", 8), ("fast", 4))
        for count in (1, 4)
    ]
    if options.quick:
        cases = [(512, "fast", 4, 1)]
    rows = []
    for side, profile, steps, count in cases:
        condition.working_size = lambda size, short_side=512, side=side: (side, side)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        seconds = measure(sketch_layers(side), profile, steps, count, 1 if options.quick else options.repeats)
        if device.type == "cuda":
            memory = torch.cuda.max_memory_allocated()
        else:
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        row = {"side": side, "profile": profile, "steps": steps, "count": count}
        row |= {"seconds": statistics.median(seconds), "memory_gb": memory / 1e9}
        rows.append(row)
        print(
            f"{side}x{side} {profile:5} {steps:2} steps N={count}: "
            f"{row['seconds']:.3f} s, {row['memory_gb']:.2f} GB",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps({"device": name, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
