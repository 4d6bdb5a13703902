#include <lzo/lzo1x.h>
#include <stdlib.h>

// Macros that call or cast are not imported: lzo_init() checks the sizes of the caller's C types.
static inline int clzo_init(void) { return lzo_init(); }

// Null where there is no memory; Swift's own allocation would end the program.
static inline void *clzo_allocate_work_memory(void) { return malloc(LZO1X_1_12_MEM_COMPRESS); }
static inline void clzo_free_work_memory(void *memory) { free(memory); }
