// Device checks.
#include "kernels/device.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cpu/Utils.h>

#ifdef REPRISE_CUDA
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <chrono>

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

double matrix_flops_per_second(const c10::Device& device, c10::ScalarType dtype) {
  at::NoGradGuard guard;
  const int64_t n = device.is_cpu() ? 1536 : 8192;
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  const at::Tensor a = at::ones({n, n}, options), b = at::ones({n, n}, options);
  at::Tensor c = at::empty({n, n}, options);
  double fastest = 1e30;
  for (int i = 0; i < 4; ++i) {  // the first warms up
    const auto start = std::chrono::steady_clock::now();
    at::mm_out(c, a, b);
    c.view(-1)[0].item<double>();  // waits for the device
    if (i > 0) fastest = std::min(fastest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / fastest;
}

}  // namespace reprise::kernels
