# Builds the addon and the shared library. `-Dnative_tests=1` adds the native tests, the simulator and the benchmark
# programs; `-Dsanitize=address,undefined` (or thread) instruments everything; `-Dpoller=kqueue` (or poll) takes another
# poller than the system's, on Linux for tests.
{
  'variables': {
    'native_tests%': 0,
    'sanitize%': '',
    'poller%': '<!(node native/sources.js poller <(OS))',
  },
  'target_defaults': {
    'include_dirs': ['native', 'native/include'],
    'defines': ['IPDAEMON_BUILDING'],
    # Some versions of g++ see overlapping copies in the standard library's strings, wrongly.
    'cflags': [
      '-fvisibility=hidden', '-Wall', '-Wextra', '-Wshadow', '-Werror',
      '-Wno-unknown-warning-option', '-Wno-restrict',
    ],
    'cflags!': ['-Wno-unused-parameter'],
    # The core catches what the standard library throws before it reaches the C ABI.
    'cflags_cc!': ['-std=gnu++17', '-fno-exceptions', '-fno-rtti'],
    'cflags_cc': ['-std=c++20', '-fvisibility-inlines-hidden'],
    # The same for macOS, where cflags are not looked at; here, to come behind what Node sets.
    'target_conditions': [
      ['OS=="mac"', {
        'xcode_settings': {
          'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
          'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
          'GCC_ENABLE_CPP_RTTI': 'YES',
          'GCC_INLINES_ARE_PRIVATE_EXTERN': 'YES',
          'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
          'MACOSX_DEPLOYMENT_TARGET': '11.0',
          'WARNING_CFLAGS': ['-Wall', '-Wextra', '-Wshadow', '-Werror'],
          'WARNING_CFLAGS!': ['-Wno-unused-parameter'],
        },
      }],
    ],
    'conditions': [
      ['sanitize!=""', {
        'cflags': ['-fsanitize=<(sanitize)', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g1'],
        'defines': ['_GLIBCXX_ASSERTIONS', 'IPDAEMON_CHECKS'],
        'ldflags': ['-fsanitize=<(sanitize)'],
      }],
    ],
    'configurations': {
      'Release': {'cflags': ['-O3', '-fno-plt']},
    },
  },
  'targets': [
    {
      # What every system and the simulator share.
      'target_name': 'ipdaemon_core',
      'type': 'static_library',
      'sources': ['<!@(node native/sources.js core)'],
    },
    {
      'target_name': 'ipdaemon_platform',
      'type': 'static_library',
      'sources': ['<!@(node native/sources.js platform <(OS) <(poller))'],
      'conditions': [['poller=="kqueue" and OS=="linux"', {'cflags': ['-isystem', '<(module_root_dir)/test/kqueue']}]],
    },
    {
      'target_name': 'ipdaemon',
      'sources': ['<!@(node native/sources.js addon)'],
      'dependencies': ['ipdaemon_core', 'ipdaemon_platform'],
      'ldflags': ['-Wl,--version-script=<(module_root_dir)/bindings/addon/exports.map'],
      # The wrapper's headers are not ours to keep free of warnings.
      'variables': {'wrapper': '<!(node -p "path.resolve(require(\'node-addon-api\').include_dir)")'},
      'cflags_cc': ['-isystem', '<(wrapper)'],
      'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['-isystem', '<(wrapper)']},
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
    },
    {
      # The same core for koffi, which calls the C ABI without an addon.
      'target_name': 'libipdaemon',
      'type': 'shared_library',
      'product_name': 'ipdaemon',
      'product_prefix': 'lib',
      'product_extension': '<!(node native/sources.js library <(OS))',
      'dependencies': ['ipdaemon_core', 'ipdaemon_platform'],
      'ldflags': ['-Wl,--version-script=<(module_root_dir)/native/exports.map'],
      # There is no source of its own that would ask for what is in the archives.
      'xcode_settings': {
        'OTHER_LDFLAGS': [
          '-Wl,-force_load,<(PRODUCT_DIR)/ipdaemon_core.a',
          '-Wl,-force_load,<(PRODUCT_DIR)/ipdaemon_platform.a',
        ],
      },
    },
  ],
  'conditions': [
    ['native_tests==1 and <!(node native/sources.js has tests <(OS))==1', {
      'targets': [{
        'target_name': 'native_tests',
        'type': 'executable',
        'sources': ['<!@(node native/sources.js tests <(OS))'],
        'dependencies': ['ipdaemon_core', 'ipdaemon_platform'],
      }],
    }],
    ['native_tests==1 and <!(node native/sources.js has failing)==1', {
      'targets': [{
        'target_name': 'ipdaemon_failing',
        'sources': ['<!@(node native/sources.js failing)'],
        'dependencies': ['ipdaemon_core', 'ipdaemon_platform'],
        'include_dirs': ['test/native', 'bindings/addon'],
        'ldflags': ['-Wl,--version-script=<(module_root_dir)/bindings/addon/exports.map'],
        'variables': {'wrapper': '<!(node -p "path.resolve(require(\'node-addon-api\').include_dir)")'},
        'cflags_cc': ['-isystem', '<(wrapper)', '-include', '<(module_root_dir)/test/native/addon/failing.h'],
        'xcode_settings': {
          'OTHER_CPLUSPLUSFLAGS': [
            '-isystem', '<(wrapper)', '-include', '<(module_root_dir)/test/native/addon/failing.h',
          ],
        },
        'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      }],
    }],
    ['native_tests==1 and <!(node native/sources.js has sim)==1', {
      'targets': [{
        'target_name': 'ipdaemon_sim',
        'type': 'executable',
        'sources': ['<!@(node native/sources.js sim)'],
        'include_dirs': ['test/native'],
        'dependencies': ['ipdaemon_core'],
        # What is loaded, OpenSSL, finds the simulated time here.
        'ldflags': ['-rdynamic'],
      }, {
        # The native tests that run on it.
        'target_name': 'ipdaemon_sim_tests',
        'type': 'executable',
        'sources': ['<!@(node native/sources.js sim_tests)'],
        'include_dirs': ['test/native'],
        'dependencies': ['ipdaemon_core'],
      }],
    }],
    ['native_tests==1 and <!(node native/sources.js has bench load)==1', {
      'targets': [{
        'target_name': 'bench_load',
        'type': 'executable',
        'sources': ['<!@(node native/sources.js bench load)'],
      }],
    }],
    ['native_tests==1 and <!(node native/sources.js has bench floor)==1', {
      'targets': [{
        'target_name': 'bench_floor',
        'type': 'executable',
        'sources': ['<!@(node native/sources.js bench floor)'],
      }],
    }],
    ['native_tests==1 and <!(node native/sources.js has bench core)==1', {
      'targets': [{
        'target_name': 'bench_core',
        'type': 'executable',
        'sources': ['<!@(node native/sources.js bench core)', '<!@(node native/sources.js bench main_program)'],
        'dependencies': ['ipdaemon_core', 'ipdaemon_platform'],
      }, {
        # The same inside Node, with the OpenSSL of it.
        'target_name': 'bench_core_tls',
        'sources': ['<!@(node native/sources.js bench core)', '<!@(node native/sources.js bench node_program)'],
        'dependencies': ['ipdaemon_core', 'ipdaemon_platform'],
      }],
    }],
    # Addons, so that they run on the OpenSSL inside Node: its symbols are left open.
    ['native_tests==1 and <!(node native/sources.js has bench load_tls)==1', {
      'targets': [{
        'target_name': 'bench_load_tls',
        'sources': ['<!@(node native/sources.js bench load_tls)', '<!@(node native/sources.js bench node_program)'],
      }],
    }],
    ['native_tests==1 and <!(node native/sources.js has bench floor_tls)==1', {
      'targets': [{
        'target_name': 'bench_floor_tls',
        'sources': ['<!@(node native/sources.js bench floor_tls)', '<!@(node native/sources.js bench node_program)'],
      }],
    }],
  ],
}
