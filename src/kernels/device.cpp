// Device checks.
#include "kernels/device.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>

#ifdef REPRISE_CUDA
#include <cuda_runtime_api.h>
#endif

#include "base/error.h"

namespace reprise::kernels {

c10::Device require_device(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::kCPU);
  if (name != "cuda") throw Error("device '" + name + "' is not known", "hardware.device", "cpu and cuda are");
#ifdef REPRISE_CUDA
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    throw Error("no CUDA device is there", "hardware.device", "set hardware.device=cpu, or look at nvidia-smi");
  }
  at::globalContext().lazyInitDevice(c10::kCUDA);
  return c10::Device(c10::kCUDA, 0);
#else
  throw Error("this build has no CUDA half", "hardware.device", "build it with `make cuda`, or set hardware.device=cpu");
#endif
}

std::string device_description(const c10::Device& device) {
#ifdef REPRISE_CUDA
  if (device.is_cuda()) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, 0) == cudaSuccess) {
      return std::string(properties.name) + ", sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
    }
  }
#endif
  (void)device;
  return "CPU, " + at::get_cpu_capability();
}

}  // namespace reprise::kernels
