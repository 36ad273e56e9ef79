"""Runs a kernel on the GPU: a product of matrices by torch, or the driver's own way where there is no torch.

Runs inside the image. Prints ``name<TAB>verdict<TAB>detail``.
"""

import ctypes
import importlib
import importlib.util

# Adds 1 to the 32 numbers at the address that it is given. PTX ISA 6.0, any GPU since 2012:
# https://docs.nvidia.com/cuda/parallel-thread-execution/
PTX = b"""
.version 6.0
.target sm_30
.address_size 64
.visible .entry add_one(.param .u64 where)
{
    .reg .b32 %r<3>;
    .reg .b64 %rd<4>;
    ld.param.u64 %rd1, [where];
    cvta.to.global.u64 %rd1, %rd1;
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd3, %rd1, %rd2;
    ld.global.u32 %r2, [%rd3];
    add.u32 %r2, %r2, 1;
    st.global.u32 [%rd3], %r2;
    ret;
}
"""
COUNT = 32


def insist(holds, what):
    """Raise RuntimeError with the text, unless it holds."""
    if not holds:
        raise RuntimeError(what)


def by_torch():
    """A product whose result is known."""
    torch = importlib.import_module("torch")
    ones = torch.ones(64, 64, device="cuda")
    insist((ones @ ones).sum().item() == 64**3, "torch computed a wrong product")
    return f"torch {torch.__version__} on {torch.cuda.get_device_name()}"


def by_driver():
    """Load the PTX, launch it, read the result. https://docs.nvidia.com/cuda/cuda-driver-api/"""
    cuda = ctypes.CDLL("libcuda.so.1")

    def call(name, *arguments):
        status = getattr(cuda, name)(*arguments)
        insist(status == 0, f"{name} ended with {status}")

    device, context = ctypes.c_int(), ctypes.c_void_p()
    module, function, place = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint64()
    numbers = (ctypes.c_uint32 * COUNT)(*range(COUNT))
    name = ctypes.create_string_buffer(128)
    call("cuInit", 0)
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuDeviceGetName", name, len(name), device)
    call("cuCtxCreate_v2", ctypes.byref(context), 0, device)
    call("cuModuleLoadData", ctypes.byref(module), PTX)
    call("cuModuleGetFunction", ctypes.byref(function), module, b"add_one")
    call("cuMemAlloc_v2", ctypes.byref(place), ctypes.c_size_t(ctypes.sizeof(numbers)))
    call("cuMemcpyHtoD_v2", place, numbers, ctypes.c_size_t(ctypes.sizeof(numbers)))
    parameters = (ctypes.c_void_p * 1)(ctypes.addressof(place))
    call("cuLaunchKernel", function, 1, 1, 1, COUNT, 1, 1, 0, None, parameters, None)
    call("cuMemcpyDtoH_v2", numbers, place, ctypes.c_size_t(ctypes.sizeof(numbers)))
    insist(list(numbers) == list(range(1, COUNT + 1)), "the kernel computed something else")
    return f"the driver's API on {name.value.decode()}"


def main():
    """Whichever the image has."""
    try:
        print(f"kernel\tpassed\t{by_torch() if importlib.util.find_spec('torch') else by_driver()}")
    except (OSError, RuntimeError, ImportError, AttributeError) as error:
        print(f"kernel\tfailed\t{' '.join(str(error).split()) or type(error).__name__}")


main()
