"""CoNLL sentences as the peers take them: words and tags, IOB1 made IOB2, ids of at most 128 tokens, padded batches."""
import os

import numpy as np
from tokenizers import BertWordPieceTokenizer

TOKENS_MAX = 128


def read(path):
    """[(words, tags)]: the first and the last column; tags as IOB2."""
    sentences, words, tags = [], [], []
    with open(path, encoding="utf8") as f:
        for line in [*f, ""]:
            line = line.strip()
            if not line or line.startswith("-DOCSTART-"):
                if words:
                    sentences.append((words, iob2(tags)))
                    words, tags = [], []
                continue
            columns = line.split("\t") if "\t" in line else line.split(" ")
            words.append(columns[0])
            tags.append(columns[-1])
    return sentences


def iob2(tags):
    out, before = [], "O"
    for tag in tags:
        opens = tag.startswith("I-") and (before == "O" or before[2:] != tag[2:])
        out.append("B-" + tag[2:] if opens else tag)
        before = tag
    return out


def tokenizer(model_dir):
    return BertWordPieceTokenizer(os.path.join(model_dir, "vocab.txt"), lowercase=True)


def encode(tok, words):
    """(ids, word of each id or None) with [CLS] and [SEP]; a longer sentence is cut, its [SEP] with it."""
    e = tok.encode(words, is_pretokenized=True)
    return e.ids[:TOKENS_MAX], e.word_ids[:TOKENS_MAX]


def pad(rows):
    """ids and mask, as wide as the longest of the batch."""
    width = max(map(len, rows))
    ids = np.zeros((len(rows), width), np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = row
        mask[i, :len(row)] = 1
    return ids, mask
