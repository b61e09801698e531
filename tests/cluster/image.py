#!/usr/bin/env python3
"""Write an image archive, as `ctr image import -` reads it, to standard output.

image.py NAME:TAG ARCHITECTURE CONFIG_JSON LAYER.tar...

Layers go in uncompressed and as they are, so images that share a layer file share it in
containerd too: it is stored and unpacked once.
"""

import hashlib
import io
import json
import os
import sys
import tarfile


def sha256(path):
    """The digest of a layer, remembered beside it: hashing some hundred megabytes takes seconds."""
    memo = path + ".sha256"
    if not os.path.exists(memo) or os.path.getmtime(memo) < os.path.getmtime(path):
        digest = hashlib.sha256()
        with open(path, "rb") as layer:
            while block := layer.read(1 << 20):
                digest.update(block)
        with open(memo + ".part", "w") as out:
            out.write(digest.hexdigest())
        os.replace(memo + ".part", memo)
    with open(memo) as known:
        return known.read()


def main(tag, architecture, config, *layers):
    digests = [sha256(layer) for layer in layers]
    image = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": json.loads(config),
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + d for d in digests]},
            "history": [{"created_by": os.path.basename(layer)} for layer in layers],
        }
    ).encode()
    config_name = hashlib.sha256(image).hexdigest() + ".json"
    paths = [d + "/layer.tar" for d in digests]
    manifest = [{"Config": config_name, "RepoTags": [tag], "Layers": paths}]

    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:

        def add(name, content, size):
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, content)

        add(config_name, io.BytesIO(image), len(image))
        for path, layer in zip(paths, layers):
            with open(layer, "rb") as content:
                add(path, content, os.path.getsize(layer))
        blob = json.dumps(manifest).encode()
        add("manifest.json", io.BytesIO(blob), len(blob))


main(*sys.argv[1:])
