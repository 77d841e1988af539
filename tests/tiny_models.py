"""Tiny, randomly initialised models of the real classes, saved in the hub's folder layout.

`build(root)` writes one folder for each entry of weights.yaml that the profiles and captioners need, so that
with TEXTSKETCH_WEIGHTS=root all of the real loading code runs. The tokeniser is CLIP's real one, made from
the word list that open_clip carries; TAESD is the real one where ../shared/weights has it.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared/weights"
_CHANNELS = (32, 32, 64, 64)
_WIDTH = 32  # of the text encoder's states


def build(root: Path) -> Path:
    """Write every folder below `root` and return it."""
    import torch

    torch.manual_seed(0)
    stable_diffusion(root / "sd15")
    safety_checker(root / "safety-checker")
    controlnet(root / "controlnet-softedge")
    for name, channels in (("t2i-sketch", 1), ("t2i-color", 3), ("t2i-openpose", 3)):
        t2i_adapter(root / name, channels)
    lora(root / "lcm-lora", unet())
    taesd(root / "taesd")
    clip(root / "clip-vit-b-32", seed=1)
    clip(root / "clip-vit-l-14", seed=2)
    sdxl(root)
    z_image(root)
    return root


def stable_diffusion(folder: Path) -> None:
    """Text encoder, UNet, VAE, tokeniser and scheduler with Stable Diffusion 1.5's four levels."""
    from diffusers import AutoencoderKL, PNDMScheduler
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=_WIDTH,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=49406,
        eos_token_id=49407,
    )
    CLIPTextModel(text).half().save_pretrained(folder / "text_encoder", variant="fp16")
    unet().half().save_pretrained(folder / "unet", variant="fp16")
    vae = AutoencoderKL(
        block_out_channels=(16, 16, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=4,
    )
    vae.half().save_pretrained(folder / "vae", variant="fp16")
    PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
    ).save_pretrained(folder / "scheduler")
    clip_tokeniser(folder / "tokenizer")
    # The hub's files were saved years ago, under the names the classes had then.
    attention = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    _rename(folder / "text_encoder/model.fp16.safetensors", {"": "text_model."})
    _rename(folder / "vae/diffusion_pytorch_model.fp16.safetensors", attention, inside=".attentions.")


def _rename(path: Path, names: dict[str, str], inside: str = "") -> None:
    """Rename the keys that have `inside` in a safetensors file."""
    from safetensors.torch import load_file, save_file

    state = {}
    for key, value in load_file(path).items():
        for new, old in names.items():
            if inside in key:
                key = key.replace(new, old, 1)
        state[key] = value
    save_file(state, path, {"format": "pt"})


def unet():
    """A UNet with Stable Diffusion 1.5's four kinds of blocks."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        block_out_channels=_CHANNELS,
        layers_per_block=1,
        sample_size=64,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=_WIDTH,
        attention_head_dim=2,
        norm_num_groups=8,
    )


def controlnet(folder: Path) -> None:
    """A ControlNet for `unet`; its zero convolutions are opened so that it says something."""
    import torch
    from diffusers import ControlNetModel

    network = ControlNetModel.from_unet(unet(), conditioning_channels=3)
    for module in (*network.controlnet_down_blocks, network.controlnet_mid_block):
        torch.nn.init.normal_(module.weight, std=1.0)
    torch.nn.init.normal_(network.controlnet_cond_embedding.conv_out.weight, std=1.0)
    network.half().save_pretrained(folder, variant="fp16")


def sdxl(root: Path) -> None:
    """Everything of the profile `sdxl` but the safety checker, with the blocks of the real ones."""
    import shutil

    import torch
    from diffusers import AutoencoderKL, ControlNetUnionModel, EulerDiscreteScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    folder = root / "sdxl"
    text = {
        "vocab_size": 49408,
        "hidden_size": _WIDTH,
        "intermediate_size": 37,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "bos_token_id": 49406,
        "eos_token_id": 49407,
        "projection_dim": 16,
    }
    blocks = {
        "block_out_channels": _CHANNELS[:3],
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "transformer_layers_per_block": (1, 1, 2),
        "attention_head_dim": (2, 2, 2),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 16 + 6 * 8,
        "cross_attention_dim": 2 * _WIDTH,
        "norm_num_groups": 8,
    }
    CLIPTextModel(CLIPTextConfig(**text)).half().save_pretrained(folder / "text_encoder", variant="fp16")
    second = CLIPTextModelWithProjection(CLIPTextConfig(**text))
    second.half().save_pretrained(folder / "text_encoder_2", variant="fp16")
    unet = UNet2DConditionModel(
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), sample_size=64, **blocks
    )
    lora(root / "lcm-lora-sdxl", unet)
    unet.half().save_pretrained(folder / "unet", variant="fp16")
    EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
    ).save_pretrained(folder / "scheduler")
    clip_tokeniser(folder / "tokenizer")
    clip_tokeniser(folder / "tokenizer_2", padding="!")
    vae = AutoencoderKL(
        block_out_channels=(16, 16, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=4,
        scaling_factor=0.13025,
    )
    vae.save_pretrained(root / "sdxl-vae")
    union = ControlNetUnionModel(
        num_control_type=8,
        num_trans_channel=_CHANNELS[0],
        num_trans_head=2,
        num_proj_channel=_CHANNELS[0],
        conditioning_embedding_out_channels=(16, 32, 96, 256),
        **blocks,
    )
    # Where the lines are has to say something, and what they are.
    for module in (*union.controlnet_down_blocks, union.controlnet_mid_block):
        torch.nn.init.normal_(module.weight, std=0.3)
    torch.nn.init.normal_(union.controlnet_cond_embedding.conv_out.weight, std=300.0)
    torch.nn.init.normal_(union.spatial_ch_projs.weight, std=0.3)
    torch.nn.init.normal_(union.task_embedding, std=3.0)
    folder = root / "controlnet-union-sdxl"
    union.half().save_pretrained(folder)
    shutil.move(folder / "config.json", folder / "config_promax.json")
    shutil.move(
        folder / "diffusion_pytorch_model.safetensors", folder / "diffusion_pytorch_model_promax.safetensors"
    )


def z_image(root: Path) -> None:
    """Everything of the profile `z-image` but the safety checker; weights are stored in shards."""
    import torch
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        ZImageControlNetModel,
        ZImageTransformer2DModel,
    )
    from open_clip.tokenizer import bytes_to_unicode
    from safetensors.torch import save_file
    from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model

    folder = root / "z-image"
    letters = list(bytes_to_unicode().values())
    (folder / "tokenizer").mkdir(parents=True)
    vocab, merges = folder / "tokenizer/vocab.json", folder / "tokenizer/merges.txt"
    vocab.write_text(json.dumps({word: number for number, word in enumerate(letters)}))
    merges.write_text("#version: 0.2\n")
    tokeniser = Qwen2Tokenizer(str(vocab), str(merges), pad_token="<|endoftext|>")
    tokeniser.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
        "{% endfor %}<|im_start|>assistant\n"
    )
    tokeniser.save_pretrained(folder / "tokenizer")
    for path, text in ((vocab, json.dumps(tokeniser.get_vocab())), (merges, "#version: 0.2\n")):
        path.write_text(text)  # the hub's folder has these beside tokenizer.json
    # There the template stands in the configuration.
    template = folder / "tokenizer/chat_template.jinja"
    path = folder / "tokenizer/tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": template.read_text()}))
    template.unlink()
    text_config = Qwen3Config(
        vocab_size=len(tokeniser),
        hidden_size=_WIDTH,
        intermediate_size=37,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
    )
    Qwen3Model(text_config).bfloat16().save_pretrained(folder / "text_encoder", max_shard_size="20KB")
    shape = {"dim": 32, "n_refiner_layers": 1, "n_heads": 2, "n_kv_heads": 2}
    transformer = ZImageTransformer2DModel(
        n_layers=4, cap_feat_dim=_WIDTH, axes_dims=[4, 6, 6], axes_lens=[1024, 64, 64], **shape
    )
    for weight in transformer.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.2)
    transformer.save_pretrained(folder / "transformer", max_shard_size="320KB")
    vae = AutoencoderKL(
        block_out_channels=(16, 16, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=16,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    vae.bfloat16().save_pretrained(folder / "vae")
    FlowMatchEulerDiscreteScheduler(shift=3.0).save_pretrained(folder / "scheduler")
    union = ZImageControlNetModel(
        control_layers_places=[0, 2],
        control_refiner_layers_places=[0],
        control_in_dim=33,
        add_control_noise_refiner="control_noise_refiner",
        **shape,
    )
    for weight in union.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.2)
    (root / "controlnet-union-z-image").mkdir()
    name = "Z-Image-Turbo-Fun-Controlnet-Union-2.1-2602-8steps.safetensors"
    save_file(union.bfloat16().state_dict(), root / "controlnet-union-z-image" / name)


def t2i_adapter(folder: Path, channels: int) -> None:
    """A full T2I-Adapter for `unet`, as the Stable Diffusion 1.4 ones are built."""
    from diffusers import T2IAdapter

    network = T2IAdapter(
        in_channels=channels,
        channels=list(_CHANNELS),
        num_res_blocks=1,
        downscale_factor=8,
        adapter_type="full_adapter",
    )
    # The hub's openpose adapter is the case of a repository that has a pickle only.
    network.save_pretrained(folder, safe_serialization=folder.name != "t2i-openpose")


def lora(folder: Path, network) -> None:
    """A LoRA on every attention projection of a UNet, under the names LCM-LoRA's file uses."""
    import torch
    from safetensors.torch import save_file

    state = {}
    for name, module in network.named_modules():
        if name.endswith(("to_q", "to_v")):
            key = "lora_unet_" + name.replace(".", "_")
            outputs, inputs = module.weight.shape
            state[f"{key}.lora_down.weight"] = torch.randn(4, inputs) * 0.5
            state[f"{key}.lora_up.weight"] = torch.randn(outputs, 4) * 0.5
            state[f"{key}.alpha"] = torch.tensor(4.0)
    folder.mkdir(parents=True)
    save_file(state, folder / "pytorch_lora_weights.safetensors")


def taesd(folder: Path) -> None:
    """TAESD: the real weights where they are, else random ones; its architecture is diffusers' default."""
    from diffusers import AutoencoderTiny
    from safetensors.torch import load_file

    network = AutoencoderTiny()
    if (SHARED / "taesd").exists():
        encoder = load_file(SHARED / "taesd/taesd_encoder.safetensors")
        decoder = load_file(SHARED / "taesd/taesd_decoder.safetensors")
        state = {f"encoder.layers.{key}": value for key, value in encoder.items()}
        for key, value in decoder.items():
            number, rest = key.split(".", 1)
            state[f"decoder.layers.{int(number) - 1}.{rest}"] = value
        network.load_state_dict(state)
    network.save_pretrained(folder)


def safety_checker(folder: Path) -> None:
    """A safety checker whose thresholds of 1 let everything through."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    config = CLIPConfig(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 37,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 32,
            "patch_size": 8,
        },
        projection_dim=16,
    )
    network = StableDiffusionSafetyChecker(config)
    torch.nn.init.ones_(network.concept_embeds_weights)
    torch.nn.init.ones_(network.special_care_embeds_weights)
    network.half().save_pretrained(folder / "safety_checker", variant="fp16")
    vision = {"vision_model.": "vision_model.vision_model."}
    _rename(folder / "safety_checker/model.fp16.safetensors", vision, inside="vision_model.")
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor.save_pretrained(folder / "feature_extractor")


def clip_tokeniser(folder: Path, padding: str = "<|endoftext|>") -> None:
    """The tokeniser of CLIP, from the merges that open_clip carries. padding: its token for empty places."""
    import open_clip
    from open_clip.tokenizer import bytes_to_unicode

    source = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.decompress(source.read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    letters = list(bytes_to_unicode().values())
    words = [*letters, *(letter + "</w>" for letter in letters)]
    words += ["".join(merge.split()) for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>"}
    special |= {"pad_token": padding, "unk_token": "<|endoftext|>"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def clip(folder: Path, seed: int) -> None:
    """An open_clip model: 32-pixel pictures, 16 dimensions, the usual 49408 tokens."""
    import torch
    from open_clip.model import CLIP
    from safetensors.torch import save_file

    model_cfg = {
        "embed_dim": 16,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    torch.manual_seed(seed)
    network = CLIP(**model_cfg)
    folder.mkdir(parents=True)
    preprocess_cfg = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28], "interpolation": "bicubic"}
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")


def blip(folder: Path) -> None:
    """A BLIP captioner with a small word list."""
    import torch
    from transformers import (
        BertTokenizer,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "[DEC]",
        *["a", "red", "blue", "dog", "cat", "on", "the", "grass", "house"],
    ]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words))
    tokeniser = BertTokenizer(str(folder / "vocab.txt"), bos_token="[DEC]")
    small = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = BlipConfig(
        text_config={
            **small,
            "vocab_size": len(words),
            "encoder_hidden_size": 32,
            "bos_token_id": 5,
            "eos_token_id": 3,
            "sep_token_id": 3,
            "pad_token_id": 0,
            "max_position_embeddings": 64,
            "projection_dim": 16,
        },
        vision_config={**small, "image_size": 32, "patch_size": 8, "projection_dim": 16},
        projection_dim=16,
    )
    torch.manual_seed(3)
    network = BlipForConditionalGeneration(config)
    # The usual start is so near to zero that the picture would not matter.
    for weight in network.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
    network.save_pretrained(folder)
    pictures = BlipImageProcessor(size={"height": 32, "width": 32})
    BlipProcessor(pictures, tokeniser).save_pretrained(folder)
    # The hub's folder was saved by an older transformers, which wrote these files too.
    pictures.save_pretrained(folder)
    (folder / "processor_config.json").unlink()
    (folder / "special_tokens_map.json").write_text(json.dumps(tokeniser.special_tokens_map))


def florence2(folder: Path) -> None:
    """A Florence-2 with CLIP's word list made into BART's kind of tokeniser."""
    import torch
    from open_clip.tokenizer import bytes_to_unicode
    from transformers import (
        BartTokenizerFast,
        CLIPImageProcessor,
        Florence2Config,
        Florence2ForConditionalGeneration,
        Florence2Processor,
    )

    letters = list(bytes_to_unicode().values())
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokeniser = BartTokenizerFast(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        extra_special_tokens={"image_token": "<image>"},
    )
    vision = {
        "depths": (1, 1),
        "patch_size": (7, 3),
        "patch_stride": (4, 2),
        "patch_padding": (3, 1),
        "patch_prenorm": (False, True),
        "embed_dim": (16, 32),
        "num_heads": (2, 4),
        "num_groups": (2, 4),
        "window_size": 4,
        "projection_dim": 32,
    }
    text = {
        "model_type": "bart",
        "vocab_size": len(tokeniser),
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 37,
        "decoder_ffn_dim": 37,
        "max_position_embeddings": 256,
    }
    config = Florence2Config(text_config=text, vision_config=vision, image_token_id=tokeniser.image_token_id)
    torch.manual_seed(4)
    Florence2ForConditionalGeneration(config).save_pretrained(folder)
    pictures = CLIPImageProcessor(
        size={"height": 32, "width": 32}, crop_size={"height": 32, "width": 32}, do_center_crop=False
    )
    pictures.image_seq_length = (32 // 8) ** 2 + 1
    Florence2Processor(pictures, tokeniser).save_pretrained(folder)
    # The hub's folder was saved by an older transformers, which wrote these files too.
    pictures.save_pretrained(folder)
    (folder / "special_tokens_map.json").write_text(json.dumps(tokeniser.special_tokens_map))
    (folder / "added_tokens.json").write_text(json.dumps({"<image>": tokeniser.image_token_id}))
