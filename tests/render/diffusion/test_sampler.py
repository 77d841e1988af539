"""Stable Diffusion on tiny random models of the real classes, loaded through weights.yaml."""

import copy
import dataclasses
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("peft")

import tiny_models
from small_scenes import difference, picture, standing

from textsketch import bitstream, pipeline
from textsketch.errors import OptionError, RenderError, WeightsError
from textsketch.layers import Layers, Mode, Semantic, Strokes
from textsketch.models import clip, weights
from textsketch.render import registry
from textsketch.render.diffusion import (
    colour_match,
    condition,
    pace,
    placement,
    profiles,
    sampler,
    sampling,
    task,
)
from textsketch.render.diffusion import networks as diffusion_networks
from textsketch.render.painter import painting
from textsketch.structure import line_drawing, ntc
from textsketch.texture import colour_map


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tiny_models.build(tmp_path_factory.mktemp("weights"))
    torch.set_num_threads(threads)
    diffusion_networks.forget()


@pytest.fixture(autouse=True)
def small_and_local(root, monkeypatch):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(root))
    monkeypatch.setattr(condition, "working_size", lambda size, side=512: WORKING_SIZE(size, side // 4))


WORKING_SIZE = condition.working_size


@pytest.fixture(scope="module")
def layers():
    data = pipeline.encode(picture(), budget=500, caption="a yellow disc", seed=5, renderer="pics").data
    found = bitstream.unpack(data)
    assert found.mode is Mode.THREE_LAYER and found.structure.strokes.any()
    return found


def render(layers, size=None, *, profile="fast", **options):
    return pipeline.paint(layers, renderer=profile, size=size, **options)


@pytest.mark.parametrize("profile", profiles.NAMES)
def test_every_profile_paints_every_mode_and_each_layer_changes_the_picture(profile, layers):
    painted = {}
    for mode in Mode:
        painted[mode] = render(layers.reduced_to(mode), profile=profile, steps=2)
        assert painted[mode].size == layers.size and painted[mode].mode == "RGB"
    assert difference(painted[Mode.TEXT_ONLY], painted[Mode.TEXT_SKETCH]) > 0.5
    assert difference(painted[Mode.TEXT_SKETCH], painted[Mode.THREE_LAYER]) > 0.5


@pytest.mark.parametrize("profile", ["fast", "layered"])
def test_another_sketch_and_another_caption_give_another_picture(profile, layers):
    base = layers.reduced_to(Mode.TEXT_SKETCH)
    first = render(base, profile=profile, steps=2)
    mirrored = Strokes(np.ascontiguousarray(base.structure.strokes[:, ::-1]))
    moved = dataclasses.replace(base, structure=mirrored)
    assert difference(first, render(moved, profile=profile, steps=2)) > 0.02
    renamed = dataclasses.replace(base, semantic=Semantic("a black cat"))
    assert difference(first, render(renamed, profile=profile, steps=2)) > 0.02


@pytest.mark.parametrize("profile", ["fast", "pics"])
def test_the_same_seed_gives_the_same_picture_and_another_seed_another(profile, layers):
    first = render(layers, profile=profile, steps=3)
    assert difference(first, render(layers, profile=profile, steps=3, seed=layers.seed)) == 0
    assert difference(first, render(layers, profile=profile, steps=3, seed=99)) > 0.5


def nothing_waits(networks):
    """The networks on a device whose numbers nobody can see: whoever asks for one raises an error."""
    modules = {
        name: copy.deepcopy(getattr(networks, name)).to("meta")
        for name in ("text_encoder", "unet", "vae", "controlnet")
    }
    return dataclasses.replace(networks, device=torch.device("meta"), **modules)


@pytest.mark.parametrize("profile", ["fast", "pics"])
def test_no_step_waits_for_a_number_from_the_device(profile, layers):
    profile = profiles.get(profile)
    networks = nothing_waits(diffusion_networks.load(profile))
    wanted = task.make_task(layers, (1, 2), profile, task.Settings(steps=5), "meta")
    with torch.inference_mode():
        states = list(diffusion_networks.sampling(networks, wanted))
    assert len(states) > 2 and all(state.latents.device.type == "meta" for state in states)


def test_control_and_its_end_say_how_much_the_sketch_steers(layers):
    base = layers.reduced_to(Mode.TEXT_SKETCH)
    free = render(dataclasses.replace(base, structure=None), profile="pics", steps=4)
    strong, weak, early, off = (
        render(base, profile="pics", steps=4, **options)
        for options in ({"control": 1}, {"control": 0.2}, {"control_end": 0.5}, {"control_end": 0})
    )
    assert difference(strong, free) > difference(weak, free) > 0
    assert difference(strong, free) > difference(early, free) > 0
    assert difference(off, free) == 0


def test_control_scales_the_sketch_s_adapter_and_leaves_the_colours(layers):
    base = dataclasses.replace(layers, texture=None)
    colours = dataclasses.replace(layers, structure=None)
    options = {"profile": "layered", "steps": 4, "match_colours": False}
    assert difference(render(base, control=0, **options), render(base, control=1, **options)) > 0.5
    assert difference(render(colours, control=0, **options), render(colours, control=1, **options)) == 0


@pytest.mark.parametrize("profile", profiles.NAMES)
def test_the_colours_of_every_cell_are_those_of_the_map(profile, layers):
    size = condition.working_size(layers.size)
    painted = np.asarray(painting.render(layers, size, grain=False, brush=False))
    cells = colour_map.cells(layers)

    def worst(**options):
        found = np.asarray(render(layers, size, profile=profile, steps=2, **options))
        means = (colour_match.cell_means(pixels, cells) for pixels in (found, painted))
        return np.abs(np.subtract(*means)).max()

    assert worst() < 2 < 8 < worst(match_colours=False)


@pytest.mark.parametrize("profile", profiles.NAMES)
def test_every_profile_starts_from_the_painting_unless_told_to_start_from_noise(profile, layers, monkeypatch):
    encoded, real_encode = [], sampling.encode_picture
    monkeypatch.setattr(
        sampling, "encode_picture", lambda *given: encoded.append(given) or real_encode(*given)
    )
    chosen = profiles.get(profile)
    networks = diffusion_networks.load(chosen)
    for strength, starts in ((None, True), (1, False)):
        wanted = task.make_task(layers, (1,), chosen, task.Settings(strength=strength), "cpu")
        encoded.clear()
        wanted = dataclasses.replace(wanted, layers=dataclasses.replace(layers, structure=None))
        with torch.inference_mode():
            next(diffusion_networks.sampling(networks, wanted))
        assert bool(encoded) == starts
    assert 0.6 <= chosen.strength <= 0.7 or (chosen.guide.name == "ADAPTERS" and chosen.strength < 0.9)


def test_less_strength_stays_nearer_to_the_painters_picture(layers):
    free, bound = (
        render(layers, profile="pics", steps=10, guidance=1, strength=strength) for strength in (1, 0.1)
    )
    assert difference(free, bound) > 1


@pytest.mark.parametrize("profile", ["fast", "pics"])
def test_any_strength_and_number_of_steps_go_together(profile, layers):
    for strength in (0, 0.02, 0.1):
        picture = render(layers, profile=profile, steps=5, strength=strength, guidance=1)
        assert picture.size == layers.size


@pytest.mark.parametrize(
    "setting",
    [
        {"steps": 0},
        {"steps": 101},
        {"strength": -0.1},
        {"strength": 1.5},
        {"guidance": 0},
        {"steps": 1.5},
        {"steps": "2"},
        {"strength": "0.5"},
    ],
)
def test_settings_out_of_range_are_an_error(setting, layers):
    with pytest.raises(OptionError, match=f"{next(iter(setting))} must be"):
        render(layers, **setting)


def test_a_batch_gives_the_pictures_that_its_seeds_give_alone(layers):
    *_, last = sampler.run(layers, seeds=(5, 6), profile="fast", settings=sampler.Settings(steps=2))
    for seed, painted in zip((5, 6), last.pictures, strict=True):
        alone = render(layers, profile="fast", steps=2, seed=seed)
        assert difference(painted, alone) < 1


def test_lcm_lora_changes_the_unet_and_is_gone_in_the_other_profiles(layers):
    slow = diffusion_networks.load(profiles.get("pics")).unet
    key = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight"
    before = slow.state_dict()[key].clone()
    fused = diffusion_networks.load(profiles.get("fast")).unet.state_dict()[key]
    assert (before - fused).abs().max() > 0.01
    assert torch.equal(diffusion_networks.load(profiles.get("pics")).unet.state_dict()[key], before)


def test_networks_are_loaded_once_and_shared():
    first = diffusion_networks.load(profiles.get("pics"))
    again = diffusion_networks.load(profiles.get("pics"))
    other = diffusion_networks.load(profiles.get("layered"))
    assert first.unet is again.unet is other.unet and first.vae is other.vae
    assert first.controlnet is not None and other.controlnet is None


def test_networks_that_are_loaded_are_not_looked_for_on_disk(layers, monkeypatch):
    expected = render(layers, profile="fast", steps=1)

    def gone(*arguments):
        raise WeightsError("the files are gone")

    monkeypatch.setattr(weights, "resolve", gone)
    monkeypatch.setattr(weights, "unavailable", gone)
    assert difference(render(layers, profile="fast", steps=1), expected) == 0
    with pytest.raises(WeightsError, match="gone"):
        render(layers, profile="pics", steps=1)


def test_on_cuda_the_fastest_kernels_are_looked_for(monkeypatch):
    monkeypatch.setattr(diffusion_networks.networks, "device", lambda **options: "cuda")
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)

    def stop(*arguments):
        raise WeightsError("far enough")

    monkeypatch.setattr(diffusion_networks, "Shelf", stop)
    with pytest.raises(WeightsError, match="far enough"):
        diffusion_networks.load(profiles.get("fast"))
    assert torch.backends.cudnn.benchmark


def test_on_a_cpu_the_fast_profile_runs_in_bfloat16_with_the_tiny_decoder_in_four_steps(layers):
    networks = diffusion_networks.load(profiles.get("fast"))
    assert networks.dtype == networks.unet.dtype == networks.controlnet.dtype == torch.bfloat16
    assert networks.vae is networks.preview and type(networks.vae).__name__ == "AutoencoderTiny"
    seen, previews = [], []
    render(layers, progress=lambda fraction, message: seen.append(message), preview=previews.append)
    assert [message for message in seen if message.startswith("Step")][-1] == "Step 4 of 4"
    assert len(previews) == 3
    chosen = profiles.get("fast")
    assert chosen.steps_on("cuda") == 8 and not chosen.tiny_decoder("cuda")
    assert profiles.get("pics").steps_on("cpu") == 25 and not profiles.get("pics").tiny_decoder("cpu")


def test_the_time_it_takes_is_measured_by_one_step_and_said_before_it_starts(layers, monkeypatch):
    ticks = iter(range(0, 100_000, 30))
    monkeypatch.setattr(pace, "clock", lambda: next(ticks))
    monkeypatch.setattr(pace, "_seconds_a_pixel", {})
    seen = []
    for _ in range(2):
        render(layers, steps=3, progress=lambda fraction, message: seen.append(message))
    first, second = seen[: len(seen) // 2 + 1], seen[len(seen) // 2 + 1 :]
    assert first.index("Timing a step") + 1 == first.index("This takes about 3 min")
    assert "Timing a step" not in second and any(message.startswith("This takes about") for message in second)
    assert "Step 1 of 3, about 60 s left" in first and "Step 3 of 3" in first


def test_a_caption_that_is_too_long_is_read_as_far_as_it_goes_and_that_is_said(layers):
    words = [f"{number} green bottles" for number in range(200)]
    long = dataclasses.replace(layers, semantic=Semantic(", ".join(words)))
    seen = []
    first = render(long, steps=2, progress=lambda fraction, message: seen.append(message))
    assert all("of the caption it reads up to “" in message for message in seen if "Step" in message)
    said = registry.get("fast").invents(long, task.Settings())
    assert "Of the caption it read up to “" in said
    assert "read up to" not in registry.get("fast").invents(layers, task.Settings())
    seen.clear()
    changed = words.copy()
    changed[30] = "a red fox"  # in the second chunk
    other = dataclasses.replace(layers, semantic=Semantic(", ".join(changed)))
    assert difference(render(other, steps=2), first) > 0
    assert difference(render(other, steps=2, chunks=1), render(long, steps=2, chunks=1)) == 0


def test_noise_depends_on_the_seed_alone():
    from textsketch.render.diffusion.sampling import noise_and_generators

    alone, _ = noise_and_generators((7,), (64, 64))
    among, _ = noise_and_generators((1, 7), (64, 64))
    assert torch.equal(alone[0], among[1])
    assert alone.flatten()[:3].tolist() == pytest.approx([-0.82013, 0.39563, 0.89891], abs=1e-4)


def test_the_controlnet_branch_is_what_diffusers_own_pipeline_computes(layers):
    from diffusers import StableDiffusionControlNetPipeline, UniPCMultistepScheduler

    networks = diffusion_networks.load(profiles.get("pics"))
    pipeline = StableDiffusionControlNetPipeline(
        networks.vae,
        networks.text_encoder,
        networks.tokenizer,
        networks.unet,
        networks.controlnet,
        UniPCMultistepScheduler.from_config(networks.scheduler_config),
        None,
        None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    base = layers.reduced_to(Mode.TEXT_SKETCH)
    base = dataclasses.replace(base, semantic=Semantic("a yellow disc"))
    size = condition.working_size(base.size)
    profile = profiles.get("pics")
    expected = pipeline(
        f"a yellow disc, {profile.prompt_suffix}",
        line_drawing.soft_edges(base.structure.strokes, size).convert("RGB"),
        negative_prompt=profile.negative_prompt,
        num_inference_steps=4,
        guidance_scale=profile.guidance,
        generator=torch.Generator("cpu").manual_seed(base.seed),
    ).images[0]
    painted = render(base, size, profile="pics", steps=4)
    assert difference(painted, expected) < 0.6


def test_the_adapter_branch_is_what_diffusers_own_pipeline_computes(layers):
    from diffusers import MultiAdapter, PNDMScheduler, StableDiffusionAdapterPipeline

    networks = diffusion_networks.load(profiles.get("layered"))
    pipeline = StableDiffusionAdapterPipeline(
        networks.vae,
        networks.text_encoder,
        networks.tokenizer,
        networks.unet,
        MultiAdapter([networks.adapters["sketch"], networks.adapters["color"]]),
        PNDMScheduler.from_config(networks.scheduler_config),
        None,
        None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    plain = dataclasses.replace(layers, semantic=Semantic("a yellow disc"))
    size = condition.working_size(plain.size)
    profile = profiles.get("layered")
    colours = condition.colour_map(painting.render(plain, size, grain=False, brush=False), size)
    expected = pipeline(
        f"a yellow disc, {profile.prompt_suffix}",
        [line_drawing.sketch(plain.structure.strokes, size), colours],
        negative_prompt=profile.negative_prompt,
        num_inference_steps=4,
        guidance_scale=profile.guidance,
        generator=torch.Generator("cpu").manual_seed(plain.seed),
        adapter_conditioning_scale=[1.0, 1.0],
    ).images[0]
    painted = render(plain, size, profile="layered", steps=4, strength=1, match_colours=False)
    assert difference(painted, expected) < 0.6


def test_a_skeleton_steers_the_picture(layers):
    left, right = (
        render(Layers(layers.size, layers.semantic, standing(shift)), profile="fast", steps=2)
        for shift in (0, 250)
    )
    assert difference(left, right) > 0.1


@pytest.mark.parametrize("profile", ["fast", "layered"])
def test_a_soft_edge_map_steers_the_picture(profile, layers):
    def painted(shift):
        edges = np.zeros((128, 192), np.float32)
        edges[:, shift : shift + 4] = edges[shift : shift + 4] = 0.9
        soft = ntc.encode(edges, layers.size, 2)
        return render(Layers(layers.size, layers.semantic, soft), profile=profile, steps=2)

    assert difference(painted(20), painted(100)) > 0.02


@pytest.mark.parametrize("profile", profiles.NAMES)
def test_progress_counts_the_steps_and_previews_arrive(profile, layers):
    seen, previews = [], []
    render(
        layers,
        profile=profile,
        steps=3,
        progress=lambda fraction, message: seen.append((fraction, message)),
        preview=previews.append,
    )
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    steps = [message.split(",")[0] for _, message in seen if message.startswith("Step")]
    assert steps == [f"Step {step} of {len(steps)}" for step in range(1, len(steps) + 1)] and len(steps) > 1
    assert len(previews) == len(steps) - 1 and all(max(small.size) <= 256 for small in previews)
    assert all(small.getextrema() != ((0, 0),) * 3 for small in previews)


def test_the_whole_decoder_is_not_brought_to_a_small_gpu_for_a_preview():
    diffusion_networks.forget()
    networks = diffusion_networks.load(profiles.get("z-image"))
    estimate = torch.zeros(16, 8, 8)
    try:
        assert sampler._preview(networks, estimate).size == (64, 64)
        placement.offload([[networks.unet], [networks.vae]], torch.device("cpu"))
        assert sampler._preview(networks, estimate) is None
    finally:
        diffusion_networks.forget()


class CancelledError(Exception):
    pass


def test_cancel_stops_within_a_step_and_leaves_everything_usable(layers):
    expected = render(layers, profile="fast", steps=4)
    seen = []

    def cancel(fraction, message):
        seen.append(message)
        if message.startswith("Step 2 of 4"):
            raise CancelledError

    with pytest.raises(CancelledError):
        render(layers, profile="fast", steps=4, progress=cancel)
    assert seen[-1].startswith("Step 2 of 4")
    assert difference(render(layers, profile="fast", steps=4), expected) == 0


def test_an_abandoned_generator_gives_its_turn_back(layers):
    work = sampler.run(layers, seeds=(1,), profile="fast")
    next(work)
    work.close()
    assert render(layers, profile="fast", steps=1).size == layers.size


def test_two_requests_at_once_are_served_one_after_the_other(layers):
    expected = [render(layers, profile="fast", steps=2, seed=seed) for seed in (1, 2)]
    results = {}
    threads = [
        threading.Thread(
            target=lambda seed=seed: results.update(
                {seed: render(layers, profile="fast", steps=2, seed=seed)}
            )
        )
        for seed in (1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [difference(results[seed], picture) for seed, picture in zip((1, 2), expected, strict=True)] == [
        0,
        0,
    ]


def test_best_of_takes_the_candidate_the_choosing_clip_finds_nearest(layers):
    original = picture()
    index, scores = sampler.best_of(original, layers, 3, settings=sampler.Settings(steps=1))
    assert len(scores) == 3 and index == int(np.argmax(scores))
    chosen = render(layers, seed=layers.seed + index, steps=1)
    (score,) = clip.score(original, [chosen], name=clip.CHOOSING)
    assert score.image_image == pytest.approx(scores[index], abs=5e-3)


def test_numbers_that_are_no_picture_are_an_error(layers, monkeypatch):
    networks = diffusion_networks.load(profiles.get("fast"))
    weight = networks.unet.conv_out.weight
    kept = weight.detach().clone()
    weight.data.fill_(float("nan"))
    try:
        with pytest.raises(RenderError, match="no picture"):
            render(layers, profile="fast", steps=1)
    finally:
        weight.data.copy_(kept)
    assert render(layers, profile="fast", steps=1).size == layers.size


def test_running_out_of_memory_is_an_error(layers, monkeypatch):
    def fail(*arguments, **options):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(sampler.diffusion_sampling, "decode_latents", fail)
    with pytest.raises(RenderError, match="not enough memory"):
        render(layers, profile="fast", steps=1)


def test_the_safety_checker_is_on_unless_switched_off(layers):
    checker, _ = diffusion_networks.load(profiles.get("fast")).safety
    checker.concept_embeds_weights.data.fill_(-1)
    try:
        with pytest.raises(RenderError, match="safety checker"):
            render(layers, profile="fast", steps=1)
        assert render(layers, profile="fast", steps=1, safety=False).size == layers.size
    finally:
        checker.concept_embeds_weights.data.fill_(1)


def test_missing_weights_say_what_to_fetch(layers, root, tmp_path, monkeypatch):
    for name in ("sd15", "safety-checker", "lcm-lora", "taesd"):
        (tmp_path / name).symlink_to(root / name)
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(WeightsError, match="weights fetch controlnet-softedge"):
        render(layers, profile="fast")
    assert "t2i-sketch, t2i-color" in registry.get("layered").unavailable()


def test_damaged_weights_are_an_error_of_ours(layers, root, tmp_path, monkeypatch):
    for folder in root.iterdir():
        (tmp_path / folder.name).symlink_to(folder)
    (tmp_path / "controlnet-softedge").unlink()
    (tmp_path / "controlnet-softedge").mkdir()
    for file in (root / "controlnet-softedge").iterdir():
        (tmp_path / "controlnet-softedge" / file.name).write_bytes(file.read_bytes()[:200])
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="'controlnet-softedge' in .* cannot be read"):
        render(layers, profile="fast")


def test_offloaded_networks_paint_the_same(layers):
    expected = render(layers, profile="fast", steps=1)
    diffusion_networks.forget()
    networks = diffusion_networks.load(profiles.get("fast"))
    try:
        modules = [networks.text_encoder, networks.controlnet, networks.unet, networks.vae]
        placement.offload([modules[:1], modules[1:3], modules[3:]], torch.device("cpu"))
        assert all(hasattr(module, "_hf_hook") for module in modules)
        assert difference(render(layers, profile="fast", steps=1), expected) == 0
    finally:
        diffusion_networks.forget()


@pytest.mark.parametrize("profile", ["fast", "pics", "layered", "fast-layered"])
def test_half_precision_gives_nearly_the_same_picture(profile, layers, monkeypatch):
    # On a GPU it is float16, in which CPUs are very slow.
    monkeypatch.setattr(diffusion_networks, "_precision", lambda profile, device: torch.float32)
    diffusion_networks.forget()
    expected = render(layers, profile=profile, steps=4)
    full = diffusion_networks.load(profiles.get(profile))
    halved = dataclasses.replace(
        full,
        text_encoder=copy.deepcopy(full.text_encoder).to(torch.bfloat16),
        unet=copy.deepcopy(full.unet).to(torch.bfloat16),
        vae=copy.deepcopy(full.vae).to(torch.bfloat16),
        controlnet=full.controlnet and copy.deepcopy(full.controlnet).to(torch.bfloat16),
        adapters={name: copy.deepcopy(adapter).to(torch.bfloat16) for name, adapter in full.adapters.items()},
        safety=(copy.deepcopy(full.safety[0]).to(torch.bfloat16), full.safety[1]),
        preview=copy.deepcopy(full.preview).to(torch.bfloat16),
        dtype=torch.bfloat16,
    )
    monkeypatch.setattr(diffusion_networks, "load", lambda profile, **options: halved)
    previews = []
    painted = render(layers, profile=profile, steps=4, preview=previews.append)
    assert difference(painted, expected) < 6 and previews
    diffusion_networks.forget()


def test_the_overhead_outside_the_networks_is_small(layers, monkeypatch):
    import time

    render(layers, profile="fast", steps=4)
    spent = []

    def timed(function):
        def call(*arguments, **options):
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                spent.append(time.perf_counter() - start)

        return call

    networks = diffusion_networks.load(profiles.get("fast"))
    for module in (networks.unet, networks.controlnet, networks.text_encoder, networks.safety[0]):
        monkeypatch.setattr(module, "forward", timed(module.forward))
    monkeypatch.setattr(networks.vae, "decode", timed(networks.vae.decode))
    base = layers.reduced_to(Mode.TEXT_SKETCH)
    overheads = []
    for _ in range(5):
        spent.clear()
        start = time.perf_counter()
        render(base, profile="fast", steps=4)
        overheads.append(time.perf_counter() - start - sum(spent))
    assert min(overheads) < 0.05


@pytest.mark.parametrize(("size", "expected"), [((768, 512), (768, 512)), ((512, 512), (512, 512))])
def test_working_sizes_follow_the_paper(size, expected):
    assert WORKING_SIZE(size) == expected


@pytest.mark.parametrize("size", [(1, 1), (4096, 16), (16, 4096), (16384, 16384), (333, 1000)])
def test_working_sizes_are_bounded_and_multiples_of_64(size):
    width, height = WORKING_SIZE(size)
    assert width % 64 == height % 64 == 0
    assert min(width, height) >= 64 and max(width, height) <= 1536 and width * height <= 1.1 * 1024 * 1024


def test_the_time_reserved_grows_with_the_work(monkeypatch):
    monkeypatch.setattr(condition, "working_size", WORKING_SIZE)
    square, wide = (Layers(size, Semantic("")) for size in [(64, 64), (96, 48)])
    few = sampler.duration_seconds(square, seeds=(0,))
    assert few < sampler.duration_seconds(square, None, seeds=(0,), profile="pics", previews=True)
    assert few < sampler.duration_seconds(square, seeds=(0, 1, 2, 3))
    assert few < sampler.duration_seconds(square, seeds=(0,), settings=sampler.Settings(steps=20))
    assert few < sampler.duration_seconds(wide, seeds=(0,))


def test_on_a_shared_gpu_the_time_is_reserved_for_the_arguments_of_the_call(layers, monkeypatch):
    reserved = []

    def gpu(duration):
        def wrap(function):
            def call(*arguments, **options):
                reserved.append(duration(*arguments, **options))
                return function(*arguments, **options)

            return call

        return wrap

    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    sampler.gpu_run.cache_clear()
    try:
        render(layers, (40, 30), profile="fast", steps=1)
    finally:
        sampler.gpu_run.cache_clear()
    settings = sampler.Settings(steps=1)
    assert reserved == [sampler.duration_seconds(layers, seeds=(0,), settings=settings)]


def test_the_tiny_models_tokeniser_is_clips_real_one(root):
    from transformers import CLIPTokenizer

    if not (tiny_models.SHARED / "clip_tokenizer").exists():
        pytest.skip("needs ../shared/weights")
    text = "A naïve café at 5 o'clock, 日本 & the RED lighthouse's lantern-room!"
    real = CLIPTokenizer.from_pretrained(tiny_models.SHARED / "clip_tokenizer")
    ours = CLIPTokenizer.from_pretrained(root / "sd15/tokenizer")
    assert real(text).input_ids == ours(text).input_ids
