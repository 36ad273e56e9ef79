"""Tells, without a GPU, whether the CUDA runtime and torch of an image are of its family's version.

Runs inside the image. Argument: the version (12.1). Prints ``name<TAB>verdict<TAB>detail`` lines.
"""

import ctypes
import importlib.util
import pathlib
import re
import sys


def runtime_version(name):
    """What cudaRuntimeGetVersion says (12010 is 12.1), or None where the loader finds no such library."""
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    number = ctypes.c_int()
    library.cudaRuntimeGetVersion(ctypes.byref(number))
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def torch_version():
    """``torch.version.cuda``, None where there is no torch. NB: read, not imported: that takes seconds."""
    found = importlib.util.find_spec("torch")
    if found is None or not found.submodule_search_locations:
        return None
    text = pathlib.Path(found.submodule_search_locations[0], "version.py").read_text()
    said = re.search(r"^cuda\b[^=\n]*=\s*['\"]([\d.]+)['\"]", text, re.MULTILINE)
    return said[1] if said else "none: it is built for the CPU"


def main():
    """Compare both with what is wanted."""
    wanted = ".".join(sys.argv[1].split(".")[:2])
    major = wanted.split(".")[0]
    # The loader's name changed with 12: https://docs.nvidia.com/cuda/archive/12.0.0/cuda-toolkit-release-notes/
    name = f"libcudart.so.{major}" if int(major) >= 12 else f"libcudart.so.{major}.0"
    others = [other for other in ("libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0") if other != name]
    versions = {each: runtime_version(each) for each in (name, *others)}
    torch = torch_version()
    told = [(f"cuda runtime {each}", version) for each, version in versions.items() if version]
    told += [("cuda of torch", torch)] if torch else []
    if not told:
        print(f"cuda\tfailed\tneither {name} nor torch is there, but the family declares CUDA {wanted}")
    for what, version in told:
        same = ".".join(version.split(".")[:2]) == wanted
        print(f"{what}\t{'passed' if same else 'failed'}\t{version}{'' if same else f', not {wanted}'}")


main()
