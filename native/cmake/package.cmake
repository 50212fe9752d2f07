# What `cmake --install` puts where: both libraries, the header with its tables, a package for
# find_package(ipdaemon), and a file for pkg-config. Included by the CMakeLists.txt at the top.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# ---- The static library --------------------------------------------------------------------------------
# All of it as one object in which everything but the functions of ipdaemon.h is local, so that nothing
# of ours, nor of the C++ templates that we use, can meet something of the same name in the program.
# Tools other than GNU's, and Windows, get a common archive.
add_library(ipdaemon_static STATIC)
set_target_properties(ipdaemon_static PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME static)
if(NOT WIN32)
  set_target_properties(ipdaemon_static PROPERTIES OUTPUT_NAME ipdaemon)
endif()
execute_process(COMMAND ${CMAKE_LINKER} --help OUTPUT_VARIABLE linker_help ERROR_QUIET)
if(CMAKE_OBJCOPY AND linker_help MATCHES "force-group-allocation" AND NOT IPDAEMON_SANITIZE AND NOT WIN32)
  set(whole ${CMAKE_CURRENT_BINARY_DIR}/ipdaemon_whole.o)
  add_custom_command(
    OUTPUT ${whole}
    COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${whole} $<TARGET_OBJECTS:ipdaemon_objects>
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=ipdaemon_* ${whole}
    DEPENDS ipdaemon_objects $<TARGET_OBJECTS:ipdaemon_objects>
    COMMENT "Joining the static library to one object"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${whole} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  target_sources(ipdaemon_static PRIVATE ${whole})
else()
  target_sources(ipdaemon_static PRIVATE $<TARGET_OBJECTS:ipdaemon_objects>)
endif()
target_link_libraries(ipdaemon_static PRIVATE ${system_libraries})
if(MINGW)
  # As with the DLL: the C++ runtime is in the program.
  target_link_options(ipdaemon_static INTERFACE -static)
endif()
if(IPDAEMON_OPENSSL STREQUAL "linked")
  target_link_libraries(ipdaemon_static PRIVATE OpenSSL::SSL OpenSSL::Crypto)
endif()

foreach(library ipdaemon ipdaemon_static)
  target_include_directories(${library} INTERFACE $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/native/include>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
# The names of the installed package, for those who take the sources into their own project.
add_library(ipdaemon::ipdaemon ALIAS ipdaemon)
add_library(ipdaemon::static ALIAS ipdaemon_static)

# ---- Installing ----------------------------------------------------------------------------------------
install(TARGETS ipdaemon ipdaemon_static EXPORT ipdaemonTargets
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY native/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ipdaemon)
install(EXPORT ipdaemonTargets NAMESPACE ipdaemon:: DESTINATION ${package_folder})
configure_package_config_file(native/cmake/ipdaemonConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/ipdaemonConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/ipdaemonConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ipdaemonConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/ipdaemonConfigVersion.cmake
        DESTINATION ${package_folder})

# What a static library leaves to whoever links it.
set(private_libraries -lstdc++ -lm ${system_libraries})
list(TRANSFORM private_libraries REPLACE "^([^-].*)$" "-l\\1")
list(JOIN private_libraries " " private_libraries)
set(private_packages)
if(IPDAEMON_OPENSSL STREQUAL "linked")
  set(private_packages "openssl >= 3")
endif()
file(RELATIVE_PATH prefix_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" prefix_from_pkgconfig "${prefix_from_pkgconfig}")
configure_file(native/cmake/ipdaemon.pc.in ${CMAKE_CURRENT_BINARY_DIR}/ipdaemon.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ipdaemon.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
