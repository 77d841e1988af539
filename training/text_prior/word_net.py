"""Trains the word network (textsketch/semantic/word_net.py) with its 8-bit arithmetic in the loop.

Weights, states and projections are rounded in the forward pass and the gradient passes straight through
(Bengio et al. 2013), so the integer network predicts as well as the one that was trained. Lines are drawn by
checksum and shuffled from a fixed seed; one thread, so that a machine gives the same network every time.
"""

import time
from collections import Counter

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from textsketch.semantic.text.alphabet import fold, split_tokens
from training.text_prior.corpus import SOURCES, Text, draw, trains_mixer
from training.text_prior.net_projections import embedding_rows

WORDS, WIDTH, STATE = 6144, 64, 256
EPOCHS, BATCH, RATE, DROPOUT = 6, 128, 3e-3, 0.12
BEGIN = WORDS + 1


def rounded(x: torch.Tensor, scale: int) -> torch.Tensor:
    """Round to signed 8-bit steps of 1 / scale; the gradient ignores it."""
    return x + (torch.clamp(torch.round(x * scale), -127, 127) / scale - x).detach()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(WORDS + 2, WIDTH) * 0.25)
        self.word_bias = nn.Parameter(torch.zeros(WORDS + 1))
        self.input_gates = nn.Parameter(torch.randn(WIDTH, 2 * STATE) * 0.12)
        self.state_gates = nn.Parameter(torch.randn(STATE, 2 * STATE) * 0.06)
        self.gate_bias = nn.Parameter(torch.cat([torch.full((STATE,), -0.5), torch.zeros(STATE)]))
        self.projection = nn.Parameter(torch.randn(STATE, WIDTH) * 0.06)
        self.projection_bias = nn.Parameter(torch.zeros(WIDTH))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, inputs: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Return the mean loss in nats. inputs, wanted: (batch, time) rows; wanted is -1 behind the end."""
        embedding = rounded(self.embedding, 64)
        state_gates = rounded(self.state_gates, 64)
        from_input = self.dropout(embedding[inputs]) @ rounded(self.input_gates, 64) + self.gate_bias
        state, states = torch.zeros(len(inputs), STATE), []
        for t in range(inputs.shape[1]):
            sums = from_input[:, t] + rounded(state, 128) @ state_gates
            update, target = torch.sigmoid(sums[:, :STATE]), torch.tanh(sums[:, STATE:])
            state = state + update * (target - state)
            states.append(state)
        coded = wanted >= 0
        seen = rounded(self.dropout(torch.stack(states, 1)[coded]), 128)
        projected = rounded(seen @ rounded(self.projection, 64) + self.projection_bias, 16)
        logits = projected @ embedding[: WORDS + 1].T + self.word_bias
        return functional.cross_entropy(logits, wanted[coded])


def choose_words(lines: list[tuple[str, int]], vocabulary: dict[str, int]) -> np.ndarray:
    """Return the vocabulary ids, ascending, of the tokens the network knows."""
    weights: Counter[str] = Counter()
    for line, source in lines:
        for token in split_tokens(fold(line)):
            weights[token] += SOURCES[source].net_share
    ranked = sorted((t for t in weights if t in vocabulary), key=lambda t: (-weights[t], t))
    return np.array(sorted(vocabulary[t] for t in ranked[:WORDS]))


def _batches(lines: list[np.ndarray], rng: np.random.Generator):
    """Yield (inputs, wanted) of lines of about equal length, in random order."""
    order = np.argsort([len(line) + 1.5 * rng.random() for line in lines], kind="stable")
    chunks = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    rng.shuffle(chunks)
    for chunk in chunks:
        longest = max(len(lines[i]) for i in chunk)
        inputs = np.full((len(chunk), longest), BEGIN)
        wanted = np.full((len(chunk), longest), -1)
        for row, i in enumerate(chunk):
            wanted[row, : len(lines[i])] = lines[i]
            inputs[row, 1 : len(lines[i])] = lines[i][:-1]
        yield torch.from_numpy(inputs), torch.from_numpy(wanted)


def train(text: Text, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Train the network; return its integer arrays as `WordNetTables` names them."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    rows = embedding_rows(text, ids)
    lines = []
    for i, source in enumerate(text.source):
        if trains_mixer(text.lines[i], source):
            continue
        share = SOURCES[source].net_share
        copies = int(share) + (draw(text.lines[i], "net") < share % 1)
        lines += [rows[text.token_line_start[i] : text.token_line_start[i + 1]]] * copies
    net = Net()
    steps = EPOCHS * -(-len(lines) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=steps + 1, pct_start=0.08, anneal_strategy="cos", final_div_factor=100
    )
    begin = time.monotonic()
    for epoch in range(EPOCHS):
        total, count = 0.0, 0
        for inputs, wanted in _batches(lines, rng):
            loss = net(inputs, wanted)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total, count = total + loss.item(), count + 1
        bits = total / count / np.log(2)
        print(
            f"word network, pass {epoch + 1}: {bits:.3f} bits a token, {time.monotonic() - begin:.0f} s",
            flush=True,
        )
    return to_integers(net, ids)


def to_integers(net: Net, ids: np.ndarray) -> dict[str, np.ndarray]:
    def integers(parameter: torch.Tensor, scale: int, limit: int) -> np.ndarray:
        return np.rint(parameter.detach().numpy() * scale).clip(-limit, limit).astype(np.int32)

    middle = (np.arange(4096) - 2048 + 0.5) / 256
    gates = torch.cat([net.input_gates, net.state_gates])
    return {
        "ids": ids,
        "embedding": integers(net.embedding, 64, 127),
        "word_bias": integers(net.word_bias[:WORDS], 1024, 32767),
        "gates": integers(gates, 64, 127),
        "gate_bias": integers(net.gate_bias, 8192, 32767),
        "projection": integers(net.projection, 64, 127),
        "projection_bias": integers(net.projection_bias, 8192, 32767),
        "sigmoid": np.rint(32768 / (1 + np.exp(-middle))).astype(np.int32),
        "tanh": np.rint(32768 * np.tanh(middle)).astype(np.int32),
        "exp": np.rint(2**17 * np.exp(-np.arange(2048) / 128)).astype(np.int32),
    }
