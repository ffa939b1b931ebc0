"""Writes what word2vec.qn reads: pairs.npz, of each word and those up to two places from it, and words.txt, a word a line.
Usage: python3 prepare.py input.txt"""
import collections
import re
import struct
import sys
import zipfile

VOCAB, REACH = 4096, 2  # all words but the likeliest 4,095 are one, word 0

with open(sys.argv[1]) as file:
    text = re.findall("[a-z']+", file.read().lower())
words = ["<rare>"] + [word for word, _ in collections.Counter(text).most_common(VOCAB - 1)]
number = {word: n for n, word in enumerate(words)}
ids = [number.get(word, 0) for word in text]
pairs = [(ids[i], ids[j]) for i in range(len(ids)) for j in range(max(0, i - REACH), min(len(ids), i + REACH + 1))
         if i != j and ids[i] and ids[j]]


def npy(numbers):
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': ({len(numbers)},), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(numbers)}i", *numbers)


with zipfile.ZipFile("pairs.npz", "w") as file:
    file.writestr("x.npy", npy([x for x, _ in pairs]))
    file.writestr("y.npy", npy([y for _, y in pairs]))
with open("words.txt", "w") as file:
    file.write("\n".join(words) + "\n")
print(f"{len(text)} words, {len(words)} different ones, {len(pairs)} pairs")
