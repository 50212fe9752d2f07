# How the library and the addon for Windows are configured, with mingw. Sourced by windows.sh and windows-addon.sh,
# which build in one folder.
build=$PWD/build/windows
toolchain=-DCMAKE_TOOLCHAIN_FILE=$PWD/native/cmake/mingw.cmake

# The headers of OpenSSL alone: those beside them are of another system.
copy_openssl_headers() {
  rm -rf "$build/headers" && mkdir -p "$build/headers" && cp -a /usr/include/openssl "$build/headers" &&
    cp -a /usr/include/"$(gcc -print-multiarch)"/openssl/* "$build/headers/openssl"
}

# configure_for_windows [OPTION...]
configure_for_windows() {
  cmake -S . -B "$build/cmake" "$toolchain" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG" \
    -DIPDAEMON_OPENSSL_HEADERS="$build/headers" -DCMAKE_UNITY_BUILD=ON "$@"
}
