# gradc_add_model(TARGET t MODEL file.nn [PREFIX p] [REAL f64] [TARGETS machine...]
#                 [DEFINES name=value...])
#
# Compiles a model to C when it, or a file that it uses, changes, and adds it to the target t,
# which may then include "p.h". The prefix p is the file's name without ending if it is not given;
# TARGETS is `native` if not given, see `gradc help`; of several, such as
# x86-64-v2 x86-64-v4, the program chooses when it starts. The generated C needs nothing but libm.
#
# gradc_add_trainer(TARGET t MODEL file.nn ...)    a program t that trains the model, and what else
#                                                 `t help` says; it is linked with gradc::runtime
# gradc_add_check_test(NAME n MODEL file.nn [DEFINES name=value...])    a test: gradc check file.nn
#
#   find_package(gradc REQUIRED)
#   add_executable(app main.c)
#   gradc_add_model(TARGET app MODEL digits.nn DEFINES hidden=64)
#
# The same file serves the installed gradc, its build folder, and a project that has gradc as a
# subdirectory. It has the targets gradc::gradc, the program, and gradc::runtime.
if(TARGET gradc)
    add_executable(gradc::gradc ALIAS gradc)
    add_library(gradc::runtime ALIAS gr)
    set(GRADC_INCLUDE ${gradc_BINARY_DIR}/include/gradc)
elseif(NOT TARGET gradc::gradc)
    get_filename_component(GRADC_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
    set(GRADC_INCLUDE ${GRADC_PREFIX}/include/gradc)
    add_executable(gradc::gradc IMPORTED GLOBAL)
    set_target_properties(gradc::gradc PROPERTIES IMPORTED_LOCATION ${GRADC_PREFIX}/bin/gradc)
    find_package(Threads REQUIRED)
    find_library(GRADC_LIBRARY gr
        PATHS ${GRADC_PREFIX}/lib ${GRADC_PREFIX}/${CMAKE_INSTALL_LIBDIR} NO_DEFAULT_PATH)
    add_library(gradc::runtime INTERFACE IMPORTED GLOBAL)
    set_target_properties(gradc::runtime PROPERTIES
        INTERFACE_LINK_LIBRARIES "${GRADC_LIBRARY};z;Threads::Threads;m"
        INTERFACE_INCLUDE_DIRECTORIES ${GRADC_INCLUDE})
endif()

# Editing a file that a model uses is noticed from CMake 3.20 on.
function(gradc_add_model)
    cmake_parse_arguments(arg "" "TARGET;MODEL;PREFIX;REAL" "TARGETS;DEFINES" ${ARGN})
    if(NOT arg_TARGET OR NOT arg_MODEL OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "gradc_add_model(TARGET t MODEL file.nn [PREFIX p] [REAL f64]"
            " [TARGETS machine...] [DEFINES name=value...])")
    endif()
    get_filename_component(model ${arg_MODEL} ABSOLUTE)
    if(NOT arg_PREFIX)
        get_filename_component(arg_PREFIX ${model} NAME_WE)
    endif()
    if(NOT arg_TARGETS)
        set(arg_TARGETS native)
    endif()
    if(NOT arg_REAL)
        set(arg_REAL f32)
    endif()
    list(TRANSFORM arg_DEFINES PREPEND "-D")

    set(base ${CMAKE_CURRENT_BINARY_DIR}/${arg_PREFIX})
    set(c ${base}.c)
    list(LENGTH arg_TARGETS targets)
    if(targets GREATER 1)
        list(TRANSFORM arg_TARGETS APPEND ".c" OUTPUT_VARIABLE variants)
        list(TRANSFORM variants PREPEND "${base}.")
        set_source_files_properties(${c} PROPERTIES COMPILE_OPTIONS "-std=gnu11")
    else()
        set(variants ${c})
    endif()
    set(depfile)
    if(NOT CMAKE_VERSION VERSION_LESS 3.20)
        set(depfile DEPFILE ${base}.d)
    endif()
    string(REPLACE ";" "," names "${arg_TARGETS}")
    list(APPEND made ${c} ${base}.h ${variants})
    list(REMOVE_DUPLICATES made)
    add_custom_command(OUTPUT ${made}
        COMMAND gradc::gradc emit ${model} -o ${c} --prefix ${arg_PREFIX}
                --target ${names} --real ${arg_REAL} ${arg_DEFINES} -MD -MF ${base}.d
        COMMAND ${CMAKE_COMMAND} -E touch ${made}
        DEPENDS ${model} gradc::gradc
        ${depfile}
        COMMENT "Compiling ${arg_MODEL} to ${arg_PREFIX}.c"
        VERBATIM)
    foreach(variant machine IN ZIP_LISTS variants arg_TARGETS)
        set(flags ${base}.${machine}.flags)
        add_custom_command(OUTPUT ${flags}
            COMMAND gradc::gradc flags -o ${flags} --target ${machine} --cc ${CMAKE_C_COMPILER}
            DEPENDS gradc::gradc
            VERBATIM)
        set_source_files_properties(${variant} PROPERTIES
            COMPILE_OPTIONS "@${flags}" OBJECT_DEPENDS ${flags})
    endforeach()
    target_sources(${arg_TARGET} PRIVATE ${made})
    target_include_directories(${arg_TARGET} PRIVATE ${CMAKE_CURRENT_BINARY_DIR} ${GRADC_INCLUDE})
    target_link_libraries(${arg_TARGET} PRIVATE m)
endfunction()

function(gradc_add_trainer)
    cmake_parse_arguments(arg "" "TARGET;MODEL;PREFIX" "" ${ARGN})
    if(NOT arg_TARGET OR NOT arg_MODEL)
        message(FATAL_ERROR "gradc_add_trainer(TARGET t MODEL file.nn ...)")
    endif()
    if(NOT arg_PREFIX)
        get_filename_component(arg_PREFIX ${arg_MODEL} NAME_WE)
    endif()
    set(main ${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}.main.c)
    file(CONFIGURE OUTPUT ${main} CONTENT [[
#include "@arg_PREFIX@.h"

int main(int argc, char **argv)
{
    return gr_main(&@arg_PREFIX@_model, argc, argv);
}
]] @ONLY)
    add_executable(${arg_TARGET} ${main})
    target_link_libraries(${arg_TARGET} PRIVATE gradc::runtime)
    gradc_add_model(TARGET ${arg_TARGET} MODEL ${arg_MODEL} PREFIX ${arg_PREFIX}
        ${arg_UNPARSED_ARGUMENTS})
endfunction()

function(gradc_add_check_test)
    cmake_parse_arguments(arg "" "NAME;MODEL" "DEFINES" ${ARGN})
    if(NOT arg_NAME OR NOT arg_MODEL OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR
            "gradc_add_check_test(NAME n MODEL file.nn [DEFINES name=value...])")
    endif()
    get_filename_component(model ${arg_MODEL} ABSOLUTE)
    list(TRANSFORM arg_DEFINES PREPEND "-D")
    add_test(NAME ${arg_NAME}
        COMMAND gradc::gradc check ${model} --cc ${CMAKE_C_COMPILER} ${arg_DEFINES})
endfunction()
