# For Windows x64 with mingw-w64 (g++-mingw-w64-x86-64-posix of Debian), instead of the system's compiler:
#   cmake -S . -B cmake-build -DCMAKE_TOOLCHAIN_FILE=native/cmake/mingw.cmake -DIPDAEMON_OPENSSL_HEADERS=FOLDER
# where FOLDER has the headers of OpenSSL 3 and no others of another system: that of Node's, for example.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

# The variant with threads of POSIX: the other one has no std::thread.
set(mingw x86_64-w64-mingw32)
set(CMAKE_C_COMPILER ${mingw}-gcc-posix)
set(CMAKE_CXX_COMPILER ${mingw}-g++-posix)
set(CMAKE_RC_COMPILER ${mingw}-windres)

set(CMAKE_FIND_ROOT_PATH /usr/${mingw})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# Installed packages may be anywhere.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
