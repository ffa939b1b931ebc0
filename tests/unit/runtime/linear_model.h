/* The hand-written models of linear_model.c. */
#ifndef QUERN_TESTS_UNIT_RUNTIME_LINEAR_MODEL_H
#define QUERN_TESTS_UNIT_RUNTIME_LINEAR_MODEL_H

#include "quern/artefact.h"

#ifdef __cplusplus
extern "C" {
#endif
extern const quern_model quern_model_linear;  /* y = w x + b */
extern const quern_model quern_model_linear3; /* three features */
#ifdef __cplusplus
}
#endif
#endif
