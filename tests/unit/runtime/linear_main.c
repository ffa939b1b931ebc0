/* The main of a built program, as the compiler writes it. */
#include "quern/program.h"

extern const quern_model quern_model_linear;

int main(int argc, char **argv) { return quern_program_main(&quern_model_linear, argc, argv); }
