"""What the figures were measured on."""

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from commands import Clients


def facts(clients: Clients) -> dict[str, Any]:
    """Processor, memory, versions; and how busy the machine is."""
    version = "{{.Server.Version}}"
    docker = subprocess.run(
        [clients.docker, "version", "-f", version], capture_output=True, text=True, check=False
    )
    return {
        "processors": os.cpu_count(),
        "processor": _line("/proc/cpuinfo", "model name"),
        "memory_gib": round(int(_line("/proc/meminfo", "MemTotal").split()[0]) / (1 << 20), 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "docker": docker.stdout.strip(),
        "buildx": clients.buildx(),
        "load": round(os.getloadavg()[0], 1),
        "parallel_speedup": parallel_speedup(),
    }


def _line(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def parallel_speedup() -> float:
    """How much more two busy processes get done than one: below 2 where processors are threads of one core.

    The ratios depend on it: a loop does one thing after the other, and has a core for itself.
    """
    command = [sys.executable, "-c", "for _ in range(20_000_000): pass"]

    def seconds(processes: int) -> float:
        start = time.perf_counter()
        for process in [subprocess.Popen(command) for _ in range(processes)]:
            process.wait()
        return time.perf_counter() - start

    alone = statistics.median(seconds(1) for _ in range(3))
    return round(2 * alone / statistics.median(seconds(2) for _ in range(3)), 2)
