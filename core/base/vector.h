/* Compiling hot loops several times, the best version for the processor chosen at load time. */
#ifndef GACLIP_BASE_VECTOR_H
#define GACLIP_BASE_VECTOR_H

/* Sanitizers instrument the selector functions, which run before their runtime does: no clones
 * there. Clang 14 does not know the x86-64 level names. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GACLIP__NO_CLONES 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__) ||       \
    !defined(__OPTIMIZE__)
#define GACLIP__NO_CLONES 1
#endif

#if defined(GACLIP__NO_CLONES)
#define GACLIP__CLONES
#elif defined(__clang__)
#define GACLIP__CLONES
#else
#define GACLIP__CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

#define GACLIP__SIMD               _Pragma("omp simd")
#define GACLIP__SIMD_SUM(variable) GACLIP__PRAGMA(omp simd reduction(+ : variable))
#define GACLIP__PRAGMA(text)       _Pragma(#text)

#endif
