// The dispatch of the interfaces.
#include "dialect/QuernInterfaces.h"

#include "dialect/QuernInterfaces.cpp.inc"
