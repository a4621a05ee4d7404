/* memory_shim.h - let the n-th allocation fail: SQLite's, and those our own code makes (ld --wrap). */
#ifndef TESTS_FAULTS_MEMORY_SHIM_H
#define TESTS_FAULTS_MEMORY_SHIM_H

#include <stdbool.h>

void memory_install(void); /* before SQLite is used */
void memory_arm(long n);   /* the n-th from now fails, and only that one */
bool memory_disarm(void);  /* did it fail? */

#endif
