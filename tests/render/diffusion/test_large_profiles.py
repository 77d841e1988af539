"""Stable Diffusion XL and Z-Image-Turbo, tiny and random, against diffusers' own pipelines."""

import dataclasses
import inspect

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

import tiny_models
from small_scenes import difference, picture, standing

from textsketch import bitstream, pipeline
from textsketch.layers import Layers, Mode, Semantic
from textsketch.models import weights
from textsketch.render import registry
from textsketch.render.diffusion import networks as diffusion_networks
from textsketch.render.diffusion import profiles, task
from textsketch.render.painter import painting
from textsketch.structure import line_drawing
from textsketch.structure.kinds import kind_of

SIZE = (128, 64)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tiny_models.build(tmp_path_factory.mktemp("weights"))
    torch.set_num_threads(threads)
    diffusion_networks.forget()


@pytest.fixture(autouse=True)
def local(root, monkeypatch):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(root))
    monkeypatch.setattr(task.condition, "working_size", lambda size, side=512: SIZE)
    # What bfloat16 rounds is no difference of the method.
    monkeypatch.setattr(diffusion_networks, "_precision", lambda profile, device: torch.float32)
    diffusion_networks.forget()


@pytest.fixture(scope="module")
def layers():
    data = pipeline.encode(
        picture(128, 64), budget=600, caption="a yellow disc", seed=5, renderer="pics"
    ).data
    found = bitstream.unpack(data)
    return dataclasses.replace(found, semantic=Semantic("a yellow disc"))


def render(layers, profile, **options):
    options = {"safety": False, "match_colours": False} | options
    return pipeline.paint(layers, renderer=profile, size=SIZE, **options)


def sketch(layers):
    return line_drawing.soft_edges(layers.structure.strokes, SIZE).convert("RGB")


def seeded(layers):
    return torch.Generator("cpu").manual_seed(layers.seed)


def test_sdxl_is_what_diffusers_own_pipeline_computes_from_a_sketch_and_a_start(layers):
    from diffusers import LCMScheduler, StableDiffusionXLControlNetUnionImg2ImgPipeline

    chosen = profiles.get("sdxl")
    networks = diffusion_networks.load(chosen)
    its = StableDiffusionXLControlNetUnionImg2ImgPipeline(
        networks.vae,
        networks.text_encoder,
        networks.second_text_encoder,
        networks.tokenizer,
        networks.second_tokenizer,
        networks.unet,
        networks.controlnet,
        LCMScheduler.from_config(networks.scheduler_config),
        add_watermarker=False,
    )
    its.set_progress_bar_config(disable=True)
    # LCM is given its strength by us, as it was distilled: theirs drops steps instead.
    ours = render(layers, "sdxl", steps=4, strength=0.5, control=0.7, control_end=1.0, guidance=2.0)
    scheduler = its.scheduler
    set_timesteps = scheduler.set_timesteps
    scheduler.set_timesteps = lambda steps, device=None, **_: set_timesteps(4, device=device, strength=0.5)
    assert "strength" in inspect.signature(set_timesteps).parameters
    its.get_timesteps = lambda steps, strength, device: (scheduler.timesteps, len(scheduler.timesteps))
    real_latents = its.vae.encode

    def encode_mode(pixels):  # theirs draws from the distribution, ours takes its mode
        found = real_latents(pixels)
        found.latent_dist.sample = lambda generator=None: found.latent_dist.mode()
        return found

    its.vae.encode = encode_mode
    try:
        expected = its(
            f"a yellow disc, {chosen.prompt_suffix}",
            image=painting.render(layers, SIZE, grain=False, brush=False),
            control_image=[sketch(layers)],
            control_mode=[2],
            negative_prompt=chosen.negative_prompt,
            num_inference_steps=4,
            strength=0.5,
            guidance_scale=2.0,
            controlnet_conditioning_scale=0.7,
            generator=seeded(layers),
            width=SIZE[0],
            height=SIZE[1],
        ).images[0]
    finally:
        its.vae.encode = real_latents
    assert difference(ours, expected) < 0.6
    unsteered = render(layers, "sdxl", steps=4, strength=0.5, control=0, guidance=2.0)
    assert difference(unsteered, expected) > 0.6


def test_z_image_is_what_diffusers_own_pipeline_computes_from_a_sketch(layers):
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImageControlNetPipeline

    base = layers.reduced_to(Mode.TEXT_SKETCH)
    networks = diffusion_networks.load(profiles.get("z-image"))
    its = ZImageControlNetPipeline(
        FlowMatchEulerDiscreteScheduler.from_config(networks.scheduler_config),
        networks.vae,
        networks.text_encoder,
        networks.tokenizer,
        networks.unet,
        networks.controlnet,
    )
    its.set_progress_bar_config(disable=True)
    expected = its(
        f"a yellow disc, {profiles.get('z-image').prompt_suffix}",
        control_image=sketch(base),
        width=SIZE[0],
        height=SIZE[1],
        num_inference_steps=4,
        guidance_scale=0.0,
        controlnet_conditioning_scale=0.6,
        generator=seeded(base),
    ).images[0]
    ours = render(base, "z-image", steps=4, control=0.6)
    assert difference(ours, expected) < 0.6
    assert difference(render(base, "z-image", steps=4, control=0), expected) > 0.6


@pytest.mark.parametrize(("steps", "strength"), [(8, 0.6), (5, 0.5), (3, 0.9)])
def test_z_image_starts_from_the_painting_as_diffusers_own_pipeline_does(steps, strength, layers):
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImageImg2ImgPipeline

    plain = dataclasses.replace(layers, structure=None)
    chosen = profiles.get("z-image")
    networks = diffusion_networks.load(chosen)
    its = ZImageImg2ImgPipeline(
        FlowMatchEulerDiscreteScheduler.from_config(networks.scheduler_config),
        networks.vae,
        networks.text_encoder,
        networks.tokenizer,
        networks.unet,
    )
    its.set_progress_bar_config(disable=True)
    real_encode = networks.vae.encode

    def encode_mode(pixels):
        found = real_encode(pixels)
        found.latent_dist.sample = lambda generator=None: found.latent_dist.mode()
        return found

    networks.vae.encode = encode_mode
    try:
        expected = its(
            f"a yellow disc, {chosen.prompt_suffix}",
            image=painting.render(plain, SIZE, grain=False, brush=False),
            width=SIZE[0],
            height=SIZE[1],
            num_inference_steps=steps,
            strength=strength,
            guidance_scale=0.0,
            generator=seeded(plain),
        ).images[0]
    finally:
        networks.vae.encode = real_encode
    ours = render(plain, "z-image", steps=steps, strength=strength)
    assert difference(ours, expected) < 0.005
    assert difference(render(plain, "z-image", steps=steps, strength=0.1), expected) > 0.6


@pytest.mark.parametrize("profile", ["sdxl", "z-image"])
def test_a_skeleton_steers_without_another_network(profile, layers):
    def painted(shift, control):
        scene = Layers(layers.size, layers.semantic, standing(shift))
        return render(scene, profile, steps=2, control=control)

    assert difference(painted(0, 1), painted(0, 0)) > 1
    assert difference(painted(0, 1), painted(250, 1)) > 0.01
    assert difference(painted(0, 0), painted(250, 0)) == 0


def test_sdxl_reads_a_skeleton_as_diffusers_own_pipeline_does(layers):
    from diffusers import LCMScheduler, StableDiffusionXLControlNetUnionPipeline

    def scene(shift):
        return Layers(layers.size, layers.semantic, standing(shift), seed=5)

    chosen = profiles.get("sdxl")
    networks = diffusion_networks.load(chosen)
    its = StableDiffusionXLControlNetUnionPipeline(
        networks.vae,
        networks.text_encoder,
        networks.second_text_encoder,
        networks.tokenizer,
        networks.second_tokenizer,
        networks.unet,
        networks.controlnet,
        LCMScheduler.from_config(networks.scheduler_config),
        add_watermarker=False,
    )
    its.set_progress_bar_config(disable=True)
    reader, drawn = kind_of(scene(0).structure).condition(scene(0).structure, SIZE, chosen.guide)
    assert reader == "pose"
    expected = its(
        f"a yellow disc, {chosen.prompt_suffix}",
        control_image=[drawn],
        control_mode=[0],
        negative_prompt=chosen.negative_prompt,
        num_inference_steps=3,
        guidance_scale=2.0,
        controlnet_conditioning_scale=0.9,
        generator=seeded(layers),
        width=SIZE[0],
        height=SIZE[1],
    ).images[0]
    ours, moved = (
        render(scene(shift), "sdxl", steps=3, guidance=2.0, control=0.9, control_end=1.0)
        for shift in (0, 250)
    )
    assert difference(ours, expected) < 0.005 < 0.01 < difference(moved, expected)


@pytest.mark.parametrize("profile", ["sdxl", "z-image"])
def test_guidance_takes_the_words_further(profile, layers):
    base = layers.reduced_to(Mode.TEXT_ONLY)
    plain, guided = (render(base, profile, steps=3, guidance=guidance) for guidance in (1, 6))
    assert difference(plain, guided) > 0.5


@pytest.mark.parametrize("profile", ["sdxl", "z-image"])
def test_a_batch_gives_the_pictures_that_its_seeds_give_alone(profile, layers):
    from textsketch.render.diffusion import sampler

    settings = task.Settings(steps=2, guidance=3, safety=False)
    *_, last = sampler.run(layers, SIZE, seeds=(5, 6), profile=profile, settings=settings)
    for seed, painted in zip((5, 6), last.pictures, strict=True):
        alone = render(layers, profile, steps=2, guidance=3, seed=seed, match_colours=True)
        assert difference(painted, alone) < 1


def test_z_image_reads_512_tokens_and_says_where_it_stops(layers):
    seen = []
    long = dataclasses.replace(layers, semantic=Semantic("stone " * 200))
    render(long, "z-image", steps=2, progress=lambda fraction, message: seen.append(message))
    assert any("of the caption it reads up to “stone stone" in message for message in seen)
    assert "read up to “stone stone" in registry.get("z-image").invents(long, task.Settings())


def test_z_image_runs_in_bfloat16_wherever_it_runs(monkeypatch):
    monkeypatch.undo()
    chosen = profiles.get("z-image")
    assert {diffusion_networks._precision(chosen, device) for device in ("cpu", "cuda")} == {torch.bfloat16}


def test_the_large_profiles_paint_at_1024_pixels():
    for name in ("sdxl", "z-image"):
        assert profiles.get(name).side == 1024 and profiles.get(name).steps == 8
    assert np.all(np.array(task.condition.working_size((1536, 1024), 1024)) > 0)
