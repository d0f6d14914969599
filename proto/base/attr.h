/* Compiler attributes that the whole project uses. */
#ifndef SLUIS_BASE_ATTR_H
#define SLUIS_BASE_ATTR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* CLEANUP(fn): calls fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Defines cleanup_<fn>(T **) for a free function of pointer type, for use with CLEANUP. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
    static inline void cleanup_##fn(type **p)                                                      \
    {                                                                                              \
        fn(*p);                                                                                    \
    }

/* take(p): yields the pointer p and sets p to NULL; ownership moves to the taker. */
#define take(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) take_tmp_ = (p);                                                             \
        (p) = NULL;                                                                                \
        take_tmp_;                                                                                 \
    })

/* UNINIT: an array of which only what was written is read; it is not zeroed at each call, as all other
 * locals are in a release build. For hot paths. */
#define UNINIT __attribute__((uninitialized))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
