# One place for the language, the warnings and the sanitizers of every target.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_INSTALL_RPATH $ORIGIN/../${CMAKE_INSTALL_LIBDIR})

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_FLAGS_RELEASE "-O3")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion
                    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>)
# Loops marked `omp simd` may be reassociated; nothing reads errno of a mathematical function or
# traps on floating-point exceptions, which lets the compiler vectorise the rest.
add_compile_options(-fopenmp-simd -fno-math-errno -fno-trapping-math)
# Where clang declines a loop that gcc vectorises, it says so as a warning.
add_compile_options($<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>)
if(GACLIP_WERROR)
    add_compile_options(-Werror)
endif()
if(GACLIP_SANITIZE)
    add_compile_options(-fsanitize=${GACLIP_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${GACLIP_SANITIZE})
endif()
