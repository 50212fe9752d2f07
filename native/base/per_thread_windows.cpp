// The end of a thread is told by the callback of a fiber-local slot.
#include <windows.h>

#include <new>
#include <vector>

#include "base/per_thread.hpp"

namespace ipdaemon {

namespace {

using Objects = std::vector<std::unique_ptr<ThreadObject>>;

// While the process ends, other threads have been stopped wherever they were; the system closes what is open.
bool process_ends() {
  const HMODULE library = GetModuleHandleW(L"ntdll.dll");
  const auto function = reinterpret_cast<void*>(GetProcAddress(library, "RtlDllShutdownInProgress"));
  return function != nullptr && reinterpret_cast<BOOLEAN(NTAPI*)()>(function)() != FALSE;
}

void WINAPI free_objects(void* objects) {
  if (!process_ends()) std::unique_ptr<Objects>(static_cast<Objects*>(objects)).reset();
}

// The library stays loaded from then on, because threads call it at their end.
DWORD make_slot() {
  HMODULE self = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<const wchar_t*>(&free_objects), &self);
  return FlsAlloc(&free_objects);
}

}  // namespace

void free_at_thread_end(std::unique_ptr<ThreadObject> object) {
  static const DWORD slot = make_slot();
  auto* objects = static_cast<Objects*>(FlsGetValue(slot));
  if (objects == nullptr) {
    auto made = std::make_unique<Objects>();
    if (!FlsSetValue(slot, made.get())) throw std::bad_alloc();  // There are no slots left.
    objects = made.release();
  }
  objects->push_back(std::move(object));
}

}  // namespace ipdaemon
