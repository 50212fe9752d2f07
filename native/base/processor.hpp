// The processor that is compiled for, by the names that Node gives them.
#pragma once

#if defined(__x86_64__)
#define IPDAEMON_PROCESSOR "x64"
#elif defined(__aarch64__)
#define IPDAEMON_PROCESSOR "arm64"
#elif defined(__arm__)
#define IPDAEMON_PROCESSOR "arm"
#elif defined(__i386__)
#define IPDAEMON_PROCESSOR "ia32"
#elif defined(__riscv)
#define IPDAEMON_PROCESSOR "riscv64"
#elif defined(__powerpc64__)
#define IPDAEMON_PROCESSOR "ppc64"
#elif defined(__s390x__)
#define IPDAEMON_PROCESSOR "s390x"
#elif defined(__loongarch64)
#define IPDAEMON_PROCESSOR "loong64"
#else
#define IPDAEMON_PROCESSOR "other"
#endif
