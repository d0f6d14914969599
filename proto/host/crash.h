/* Named places at which a test build kills itself, to prove that acknowledged is durable.
 * In every other build (without the CMake option SLUIS_CRASH_POINTS) this is nothing. */
#ifndef SLUIS_HOST_CRASH_H
#define SLUIS_HOST_CRASH_H

#ifdef SLUIS_CRASH_POINTS
/* SIGKILL to itself at the Nth passage of name, where SLUIS_CRASH_AT=name:N says so. */
void crash_point_pass(const char *name);
#define crash_point(name) crash_point_pass(name)
#else
#define crash_point(name) ((void)0)
#endif

#endif
