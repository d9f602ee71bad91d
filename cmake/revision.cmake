# GACLIP_REVISION: the git revision of the sources, "unknown" outside a checkout. Configuring is
# repeated when the checked-out commit changes.
set(GACLIP_REVISION unknown)
find_package(Git QUIET)
if(GIT_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
                    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE
                    RESULT_VARIABLE failed ERROR_QUIET)
    if(NOT failed)
        set(GACLIP_REVISION ${revision})
    endif()
    if(EXISTS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
        set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND
                     PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
    endif()
endif()

# Defines GACLIP_REVISION for those of the sources (in the current directory) that use it, so
# that a commit rebuilds them alone.
function(gaclip_stamp_revision)
    foreach(source ${ARGN})
        file(STRINGS ${source} uses REGEX GACLIP_REVISION LIMIT_COUNT 1)
        if(uses)
            set_property(SOURCE ${source} APPEND PROPERTY
                         COMPILE_DEFINITIONS GACLIP_REVISION="${GACLIP_REVISION}")
        endif()
    endforeach()
endfunction()
add_compile_definitions(GACLIP_VERSION="${PROJECT_VERSION}")
