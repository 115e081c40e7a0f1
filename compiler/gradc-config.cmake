# gradc_add_model(TARGET t MODEL file.nn [PREFIX p] [REAL f64] [FOR machine]
#                 [DEFINES name=value...] [DEPENDS file...])
#
# Compiles a model to C when it changes and adds it to the target t, which may then include
# "p.h". The prefix p is the file's name without ending if it is not given; FOR is `native` if
# not given, see `gradc help`. DEPENDS names the files that the model uses. The generated C needs
# nothing but libm; link gr too for the trainer, gr_main().
#
#   find_package(gradc REQUIRED)
#   add_executable(app main.c)
#   gradc_add_model(TARGET app MODEL digits.nn DEFINES hidden=64)
#
# The same file serves the installed gradc, its build folder, and a project that has gradc as a
# subdirectory.
if(TARGET gradc)
    set(GRADC_PROGRAM $<TARGET_FILE:gradc>)
    set(GRADC_INCLUDE ${gradc_BINARY_DIR}/include/gradc)
else()
    get_filename_component(GRADC_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
    set(GRADC_PROGRAM ${GRADC_PREFIX}/bin/gradc)
    set(GRADC_INCLUDE ${GRADC_PREFIX}/include/gradc)
    if(NOT TARGET gr)
        find_package(ZLIB REQUIRED)
        find_package(Threads REQUIRED)
        find_library(GRADC_LIBRARY gr PATHS ${GRADC_PREFIX}/lib ${GRADC_PREFIX}/${CMAKE_INSTALL_LIBDIR}
            NO_DEFAULT_PATH)
        add_library(gr INTERFACE IMPORTED)
        set_target_properties(gr PROPERTIES
            INTERFACE_LINK_LIBRARIES "${GRADC_LIBRARY};ZLIB::ZLIB;Threads::Threads;m"
            INTERFACE_INCLUDE_DIRECTORIES ${GRADC_INCLUDE})
    endif()
endif()

function(gradc_add_model)
    cmake_parse_arguments(arg "" "TARGET;MODEL;PREFIX;REAL;FOR" "DEFINES;DEPENDS" ${ARGN})
    if(NOT arg_TARGET OR NOT arg_MODEL OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "gradc_add_model(TARGET t MODEL file.nn [PREFIX p] [REAL f64]"
            " [FOR machine] [DEFINES name=value...] [DEPENDS file...])")
    endif()
    get_filename_component(model ${arg_MODEL} ABSOLUTE)
    if(NOT arg_PREFIX)
        get_filename_component(arg_PREFIX ${model} NAME_WE)
    endif()
    if(NOT arg_FOR)
        set(arg_FOR native)
    endif()
    if(NOT arg_REAL)
        set(arg_REAL f32)
    endif()
    list(TRANSFORM arg_DEFINES PREPEND "-D")

    set(c ${CMAKE_CURRENT_BINARY_DIR}/${arg_PREFIX}.c)
    set(h ${CMAKE_CURRENT_BINARY_DIR}/${arg_PREFIX}.h)
    set(flags ${CMAKE_CURRENT_BINARY_DIR}/${arg_PREFIX}.flags)
    add_custom_command(OUTPUT ${c} ${h} ${flags}
        COMMAND ${GRADC_PROGRAM} emit ${model} -o ${c} --prefix ${arg_PREFIX}
                --target ${arg_FOR} --real ${arg_REAL} ${arg_DEFINES}
        COMMAND ${GRADC_PROGRAM} flags -o ${flags} --target ${arg_FOR} --cc ${CMAKE_C_COMPILER}
        COMMAND ${CMAKE_COMMAND} -E touch ${c} ${h} ${flags}
        DEPENDS ${model} ${arg_DEPENDS} ${GRADC_PROGRAM}
        COMMENT "Compiling ${arg_MODEL} to ${arg_PREFIX}.c"
        VERBATIM)
    set_source_files_properties(${c} PROPERTIES
        COMPILE_OPTIONS "@${flags}" OBJECT_DEPENDS ${flags})
    target_sources(${arg_TARGET} PRIVATE ${c} ${h})
    target_include_directories(${arg_TARGET} PRIVATE ${CMAKE_CURRENT_BINARY_DIR} ${GRADC_INCLUDE})
    target_link_libraries(${arg_TARGET} PRIVATE m)
endfunction()
