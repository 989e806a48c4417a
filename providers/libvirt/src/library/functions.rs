//! One jump for each function of libvirt that the crate `virt` (0.5) calls. A newer one may call more: the linker then makes
//! the program need the library again, and the test below fails until its name is here.

use std::sync::atomic::AtomicPtr;

/// What a slot holds before the library is loaded.
extern "C" fn too_early() {
    panic!("libvirt is called before its library is loaded");
}

macro_rules! functions {
    ($($name:ident)*) => {
        /// Each function's name and the slot that its jump goes through.
        pub(super) static SLOTS: &[(&str, &AtomicPtr<()>)] = &[$((stringify!($name), &$name::SLOT)),*];
        $(
            #[allow(non_snake_case, reason = "libvirt's names")]
            mod $name {
                use std::sync::atomic::AtomicPtr;

                pub(super) static SLOT: AtomicPtr<()> = AtomicPtr::new(super::too_early as *mut ());

                /// Leaves every argument where the caller put it: whatever they are, the function finds them.
                #[unsafe(naked)]
                #[unsafe(no_mangle)]
                extern "C" fn $name() {
                    #[cfg(target_arch = "x86_64")]
                    std::arch::naked_asm!("jmp qword ptr [rip + {slot}]", slot = sym SLOT);
                    #[cfg(target_arch = "aarch64")]
                    std::arch::naked_asm!(
                        "adrp x16, {slot}",
                        "ldr x16, [x16, :lo12:{slot}]",
                        "br x16",
                        slot = sym SLOT,
                    );
                }
            }
        )*
    };
}

functions! {
    virConnectBaselineCPU
    virConnectClose
    virConnectCompareCPU
    virConnectDomainXMLFromNative
    virConnectDomainXMLToNative
    virConnectFindStoragePoolSources
    virConnectGetAllDomainStats
    virConnectGetCPUModelNames
    virConnectGetCapabilities
    virConnectGetDomainCapabilities
    virConnectGetHostname
    virConnectGetLibVersion
    virConnectGetMaxVcpus
    virConnectGetSysinfo
    virConnectGetType
    virConnectGetURI
    virConnectGetVersion
    virConnectIsAlive
    virConnectIsEncrypted
    virConnectIsSecure
    virConnectListAllDomains
    virConnectListAllInterfaces
    virConnectListAllNWFilters
    virConnectListAllNetworks
    virConnectListAllNodeDevices
    virConnectListAllSecrets
    virConnectListAllStoragePools
    virConnectListDefinedDomains
    virConnectListDefinedInterfaces
    virConnectListDefinedNetworks
    virConnectListDefinedStoragePools
    virConnectListDomains
    virConnectListInterfaces
    virConnectListNWFilters
    virConnectListNetworks
    virConnectListSecrets
    virConnectListStoragePools
    virConnectNumOfDefinedDomains
    virConnectNumOfDefinedInterfaces
    virConnectNumOfDefinedNetworks
    virConnectNumOfDefinedStoragePools
    virConnectNumOfDomains
    virConnectNumOfInterfaces
    virConnectNumOfNWFilters
    virConnectNumOfNetworks
    virConnectNumOfSecrets
    virConnectNumOfStoragePools
    virConnectOpen
    virConnectOpenAuth
    virConnectOpenReadOnly
    virConnectRef
    virConnectSetKeepAlive
    virDomainAttachDevice
    virDomainAttachDeviceFlags
    virDomainBlockResize
    virDomainBlockStats
    virDomainCoreDump
    virDomainCoreDumpWithFormat
    virDomainCreate
    virDomainCreateWithFlags
    virDomainCreateXML
    virDomainDefineXML
    virDomainDefineXMLFlags
    virDomainDestroy
    virDomainDestroyFlags
    virDomainDetachDevice
    virDomainDetachDeviceFlags
    virDomainFree
    virDomainGetAutostart
    virDomainGetBlockInfo
    virDomainGetCPUStats
    virDomainGetConnect
    virDomainGetHostname
    virDomainGetID
    virDomainGetInfo
    virDomainGetJobInfo
    virDomainGetJobStats
    virDomainGetMaxMemory
    virDomainGetMaxVcpus
    virDomainGetMemoryParameters
    virDomainGetMetadata
    virDomainGetName
    virDomainGetNumaParameters
    virDomainGetOSType
    virDomainGetSchedulerParameters
    virDomainGetSchedulerParametersFlags
    virDomainGetSchedulerType
    virDomainGetState
    virDomainGetTime
    virDomainGetUUID
    virDomainGetUUIDString
    virDomainGetVcpusFlags
    virDomainGetXMLDesc
    virDomainHasManagedSaveImage
    virDomainInterfaceAddresses
    virDomainInterfaceStats
    virDomainIsActive
    virDomainIsPersistent
    virDomainIsUpdated
    virDomainListAllSnapshots
    virDomainLookupByID
    virDomainLookupByName
    virDomainLookupByUUID
    virDomainLookupByUUIDString
    virDomainManagedSave
    virDomainManagedSaveRemove
    virDomainMemoryStats
    virDomainMigrate
    virDomainMigrate2
    virDomainMigrate3
    virDomainMigrateGetCompressionCache
    virDomainMigrateGetMaxSpeed
    virDomainMigrateSetCompressionCache
    virDomainMigrateSetMaxDowntime
    virDomainMigrateSetMaxSpeed
    virDomainMigrateToURI
    virDomainMigrateToURI2
    virDomainMigrateToURI3
    virDomainOpenChannel
    virDomainOpenConsole
    virDomainOpenGraphics
    virDomainOpenGraphicsFD
    virDomainPMWakeup
    virDomainPinEmulator
    virDomainPinVcpu
    virDomainPinVcpuFlags
    virDomainReboot
    virDomainRef
    virDomainRename
    virDomainReset
    virDomainRestore
    virDomainRestoreFlags
    virDomainResume
    virDomainRevertToSnapshot
    virDomainSaveImageDefineXML
    virDomainSaveImageGetXMLDesc
    virDomainScreenshot
    virDomainSendKey
    virDomainSetAutostart
    virDomainSetBlockIoTune
    virDomainSetBlockThreshold
    virDomainSetLifecycleAction
    virDomainSetMaxMemory
    virDomainSetMemory
    virDomainSetMemoryFlags
    virDomainSetMemoryParameters
    virDomainSetMemoryStatsPeriod
    virDomainSetMetadata
    virDomainSetNumaParameters
    virDomainSetSchedulerParameters
    virDomainSetSchedulerParametersFlags
    virDomainSetTime
    virDomainSetUserPassword
    virDomainSetVcpus
    virDomainSetVcpusFlags
    virDomainShutdown
    virDomainShutdownFlags
    virDomainSnapshotCreateXML
    virDomainSnapshotCurrent
    virDomainSnapshotDelete
    virDomainSnapshotFree
    virDomainSnapshotGetConnect
    virDomainSnapshotGetDomain
    virDomainSnapshotGetName
    virDomainSnapshotGetParent
    virDomainSnapshotGetXMLDesc
    virDomainSnapshotHasMetadata
    virDomainSnapshotIsCurrent
    virDomainSnapshotListAllChildren
    virDomainSnapshotLookupByName
    virDomainSnapshotNum
    virDomainSnapshotNumChildren
    virDomainSnapshotRef
    virDomainSuspend
    virDomainUndefine
    virDomainUndefineFlags
    virDomainUpdateDeviceFlags
    virEventRegisterDefaultImpl
    virEventRemoveHandle
    virEventRemoveTimeout
    virEventRunDefaultImpl
    virEventUpdateHandle
    virEventUpdateTimeout
    virGetLastError
    virGetVersion
    virInterfaceCreate
    virInterfaceDefineXML
    virInterfaceDestroy
    virInterfaceFree
    virInterfaceGetConnect
    virInterfaceGetMACString
    virInterfaceGetName
    virInterfaceGetXMLDesc
    virInterfaceIsActive
    virInterfaceLookupByMACString
    virInterfaceLookupByName
    virInterfaceRef
    virInterfaceUndefine
    virNWFilterDefineXML
    virNWFilterFree
    virNWFilterGetName
    virNWFilterGetUUID
    virNWFilterGetUUIDString
    virNWFilterGetXMLDesc
    virNWFilterLookupByName
    virNWFilterLookupByUUID
    virNWFilterLookupByUUIDString
    virNWFilterRef
    virNWFilterUndefine
    virNetworkCreate
    virNetworkCreateXML
    virNetworkDefineXML
    virNetworkDestroy
    virNetworkFree
    virNetworkGetAutostart
    virNetworkGetBridgeName
    virNetworkGetConnect
    virNetworkGetName
    virNetworkGetUUID
    virNetworkGetUUIDString
    virNetworkGetXMLDesc
    virNetworkIsActive
    virNetworkIsPersistent
    virNetworkLookupByName
    virNetworkLookupByUUID
    virNetworkLookupByUUIDString
    virNetworkRef
    virNetworkSetAutostart
    virNetworkUndefine
    virNetworkUpdate
    virNodeDeviceCreateXML
    virNodeDeviceDestroy
    virNodeDeviceDetachFlags
    virNodeDeviceDettach
    virNodeDeviceFree
    virNodeDeviceGetName
    virNodeDeviceGetParent
    virNodeDeviceGetXMLDesc
    virNodeDeviceListCaps
    virNodeDeviceLookupByName
    virNodeDeviceLookupSCSIHostByWWN
    virNodeDeviceNumOfCaps
    virNodeDeviceReAttach
    virNodeDeviceRef
    virNodeDeviceReset
    virNodeGetCellsFreeMemory
    virNodeGetFreeMemory
    virNodeGetFreePages
    virNodeGetInfo
    virNodeNumOfDevices
    virSecretDefineXML
    virSecretFree
    virSecretGetConnect
    virSecretGetUUID
    virSecretGetUUIDString
    virSecretGetUsageID
    virSecretGetUsageType
    virSecretGetValue
    virSecretGetXMLDesc
    virSecretLookupByUUID
    virSecretLookupByUUIDString
    virSecretLookupByUsage
    virSecretRef
    virSecretSetValue
    virSecretUndefine
    virSetErrorFunc
    virStoragePoolBuild
    virStoragePoolCreate
    virStoragePoolCreateXML
    virStoragePoolDefineXML
    virStoragePoolDelete
    virStoragePoolDestroy
    virStoragePoolFree
    virStoragePoolGetAutostart
    virStoragePoolGetConnect
    virStoragePoolGetInfo
    virStoragePoolGetName
    virStoragePoolGetUUID
    virStoragePoolGetUUIDString
    virStoragePoolGetXMLDesc
    virStoragePoolIsActive
    virStoragePoolIsPersistent
    virStoragePoolListAllVolumes
    virStoragePoolListVolumes
    virStoragePoolLookupByName
    virStoragePoolLookupByTargetPath
    virStoragePoolLookupByUUID
    virStoragePoolLookupByUUIDString
    virStoragePoolLookupByVolume
    virStoragePoolNumOfVolumes
    virStoragePoolRef
    virStoragePoolRefresh
    virStoragePoolSetAutostart
    virStoragePoolUndefine
    virStorageVolCreateXML
    virStorageVolCreateXMLFrom
    virStorageVolDelete
    virStorageVolDownload
    virStorageVolFree
    virStorageVolGetConnect
    virStorageVolGetInfo
    virStorageVolGetInfoFlags
    virStorageVolGetKey
    virStorageVolGetName
    virStorageVolGetPath
    virStorageVolGetXMLDesc
    virStorageVolLookupByKey
    virStorageVolLookupByName
    virStorageVolLookupByPath
    virStorageVolRef
    virStorageVolResize
    virStorageVolUpload
    virStorageVolWipe
    virStorageVolWipePattern
    virStreamAbort
    virStreamEventRemoveCallback
    virStreamEventUpdateCallback
    virStreamFinish
    virStreamFree
    virStreamNew
    virStreamRecv
    virStreamRef
    virStreamSend
}

#[cfg(test)]
mod tests {
    use goblin::elf::Elf;

    #[test]
    fn this_program_does_not_need_the_library_until_it_is_loaded() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let program = Elf::parse(&program).unwrap();
        assert!(program.libraries.contains(&"libc.so.6"), "{:?}", program.libraries);
        assert!(!program.libraries.iter().any(|name| name.contains("virt")), "{:?}", program.libraries);
    }
}
