// The whole of a program that runs inside Node (node_program.cpp) or on its own (main_program.cpp).
#pragma once

extern "C" int bench_program(int count, char** words);
