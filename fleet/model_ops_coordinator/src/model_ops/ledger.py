"""Which models share the memory of the graphics card."""

import itertools
import threading

MEMORY_GB = 24
MODELS = {
    "whisper-large": 10,
    "whisper-small": 2,
    "llama-8b": 9,
    "tiny-llama": 2,
    "face-embedder": 1,
    "tts-voice": 3,
    "emotion": 1,
    "reranker": 2,
    "embedder": 1,
    "vision-encoder": 4,
    "diffusion": 12,
    "draft": 5,
    "translator": 6,
    "guard": 3,
}


class Ledger:
    """What is loaded, and the sets of models that fit together."""

    def __init__(self):
        self._lock = threading.Lock()
        self._loaded = []
        self._fitting = {
            frozenset(names)
            for count in range(1, len(MODELS) + 1)
            for names in itertools.combinations(MODELS, count)
            for _ in range(8)
            if sum(MODELS[name] for name in names) <= MEMORY_GB
        }

    def load(self, name):
        """Load a model; the ones that were used longest ago make room."""
        if name not in MODELS:
            raise ValueError(f"no model is called {name!r}")
        with self._lock:
            self._loaded = [other for other in self._loaded if other != name] + [name]
            evicted = []
            while frozenset(self._loaded) not in self._fitting:
                evicted.append(self._loaded.pop(0))
            return {"loaded": list(self._loaded), "evicted": evicted}

    def report(self):
        """What is loaded, in GB."""
        with self._lock:
            used = {name: MODELS[name] for name in self._loaded}
        return {"loaded": used, "free": MEMORY_GB - sum(used.values())}
