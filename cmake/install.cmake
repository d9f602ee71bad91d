# make install: libraries, headers, pkg-config file, CMake package, commands, manual pages.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gaclip)

install(TARGETS gaclip EXPORT gaclip-targets)
install(DIRECTORY core/include/gaclip DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(GACLIP_WITH_GEO)
    set(libraries "-lgaclip_geo -lgaclip")
    install(TARGETS gaclip_geo EXPORT gaclip-targets)
    install(DIRECTORY geo/include/gaclip DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(FILES models/default.safetensors DESTINATION ${CMAKE_INSTALL_DATADIR}/gaclip OPTIONAL)
else()
    set(libraries "-lgaclip")
endif()

# Relative to the file itself, so that the installed tree can be moved.
file(RELATIVE_PATH to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/gaclip.pc.in gaclip.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gaclip.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

write_basic_package_version_file(gaclip-config-version.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT gaclip-targets NAMESPACE gaclip:: FILE gaclip-config.cmake
        DESTINATION ${package_dir})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gaclip-config-version.cmake DESTINATION ${package_dir})
