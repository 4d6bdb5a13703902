#ifdef COMPILED_SNAPPY
#include "compiled.h"
#endif
#include <snappy-c.h>
