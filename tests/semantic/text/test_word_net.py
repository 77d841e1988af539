from textsketch.codestream.tables import NEWEST
from textsketch.semantic.text.tables import load_tables
from textsketch.semantic.text.word_net import WordNet, WordNetTables


def clip(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


def masses_in_python_integers(tables: WordNetTables, rows: list[int]) -> list[int]:
    """The formulas of word_net.py, written out with integers that cannot overflow."""
    gates, projection, embedding = (m.tolist() for m in (tables.gates, tables.projection, tables.embedding))
    size = tables.state_size
    state = [0] * size
    for row in rows:
        seen = [2 * e for e in embedding[row]] + [clip(h + 128 >> 8, -127, 127) for h in state]
        sums = [
            sum(x * line[j] for x, line in zip(seen, gates, strict=True)) + int(tables.gate_bias[j])
            for j in range(2 * size)
        ]
        places = [clip((a >> 5) + 2048, 0, 4095) for a in sums]
        update = [int(tables.sigmoid[i]) for i in places[:size]]
        target = [int(tables.tanh[i]) for i in places[size:]]
        state = [h + (z * (n - h) >> 15) for h, z, n in zip(state, update, target, strict=True)]
    narrow = [clip(h + 128 >> 8, -127, 127) for h in state]
    projected = [
        clip(
            sum(h * line[k] for h, line in zip(narrow, projection, strict=True))
            + int(tables.projection_bias[k])
            + 256
            >> 9,
            -127,
            127,
        )
        for k in range(len(embedding[0]))
    ]
    logits = [
        sum(e * p for e, p in zip(row, projected, strict=True)) + int(bias)
        for row, bias in zip(embedding[:-2], tables.word_bias, strict=True)
    ]
    best, total, running = max(logits), 0, [0]
    for logit in logits:
        total += int(tables.exp[min(best - logit >> 3, len(tables.exp) - 1)])
        running.append(total)
    return running


def test_the_network_computes_exactly_what_unbounded_integers_compute():
    tables = WordNetTables(load_tables(NEWEST).columns)
    words = len(tables.ids)
    net = WordNet(NEWEST)
    net.predict()
    rows = [words + 1]
    for token_id in (int(tables.ids[5]), -1, int(tables.ids[words // 2])):
        net.advance(token_id)
        ids, running, _ = net.predict()
        rows.append(tables.row_of_id.get(token_id, words))
    assert ids == sorted(ids)
    assert list(running) == masses_in_python_integers(tables, rows)


def test_every_context_lists_its_ids_in_ascending_order():
    tables = load_tables(NEWEST)
    assert tables.vocabulary == sorted(tables.vocabulary)
    for model in tables.models.values():
        begins = set(model.start)
        assert all(i in begins or model.ids[i - 1] < model.ids[i] for i in range(1, len(model.ids)))
        assert model.start[-1] == len(model.ids) == len(model.cumulative) - 1


def test_an_entry_is_the_context_of_the_next_longer_model():
    models = load_tables(NEWEST).models
    for shorter, longer in (
        ("W1", "W2"),
        ("W2", "W3"),
        ("O1", "O2"),
        ("O2", "O3"),
        ("O3", "O4"),
        ("O4", "O5"),
    ):
        assert len(models[longer].start) == len(models[shorter].ids) + 1
