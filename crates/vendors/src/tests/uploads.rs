//! What uploads are called, and what is no alarm.

use super::*;

/// Vendor (- for none that is known), event and path, of a usual size.
const NAMES: &str = "
    Hikvision   motion   /192.168.1.64_01_20190827095800502_MOTION_DETECTION.jpg
    Hikvision   line     /192.168.1.64_01_20190827095800_LINE_CROSSING_DETECTION.jpg
    Hikvision   zone     /a/fe80--1_01_20190827095800502_FIELD_DETECTION.jpg
    Hikvision   zone     /--fe80-0-0-1_01_20190827095800502_INTRUSION_DETECTION.jpg
    Hikvision   person   /192.168.1.64_01_20190827095800502_FACE_DETECTION.jpg
    Hikvision   zone     /192.168.1.64_01_20190827095800502_REGION_ENTRANCE.jpg
    Hikvision   zone     /192.168.1.64_01_20190827095800502_REGION_EXITING_DETECTION.jpg
    Hikvision   tamper   /192.168.1.64_01_20190827095800502_SCENE_CHANGE.jpg
    Hikvision   tamper   /192.168.1.64_01_20190827095800502_VIDEO_TAMPERING.jpg
    Hikvision   input    /192.168.1.64_01_20190827095800502_ALARM_INPUT.jpg
    Hikvision   input    /192.168.1.64_01_20190827095800502_IO.jpg
    Hikvision   input    /192.168.1.64_01_20190827095800502_PIR.jpg
    Hikvision   vehicle  /192.168.1.64_01_20190827095800502_VEHICLE_DETECTION.jpg
    Hikvision   vehicle  /192.168.1.64_01_20190827095800502_ANPR.jpg
    Hikvision   periodic /192.168.1.64_01_20190827095800502_TIMING.jpg
    Hikvision   other    /192.168.1.64_01_20190827095800502_MULTI_TARGET.jpg
    Hikvision   other    /192.168.1.64_01_20190827095800502_TIMING_DETECTION.jpg
    Hikvision   person   /20190827095800502_FACE_DETECTION_192.168.1.64.jpg
    Hikvision   periodic /20190827095800502_TIMING_192.168.1.64.jpg
    -           other    /20190827095800502_TIMING_front-door.jpg
    Hikvision   motion   /Front_Yard_01_20190827095800502_MOTION_DETECTION.jpg
    -           other    /Front_Yard_01_20190827095800502_TIMING.jpg
    -           other    /Yard_01_20190827095800502_TIMING.jpg
    -           other    /192.168.1.64_x_20190827095800502_TIMING.jpg
    -           other    /192.168.1_01_20190827095800502_TIMING.jpg
    -           other    /192.168.1.64_01_2019082709580_TIMING.jpg
    Hikvision   periodic /fe80--1_01_20190827095800502_TIMING.jpg
    -           other    /front-door-x_01_20190827095800502_TIMING.jpg
    -           other    /192.168.1.x_01_20190827095800502_TIMING.jpg
    -           motion   /Front_Yard_20190827095800502_MOTION_DETECTION.jpg
    Dahua       motion   /IPC/2018-10-10/001/jpg/15/07/47[M][0@0][0].jpg
    Dahua       motion   /IPC/2018-10-10/001/jpg/15/07/47[M][0@0][0].jpg_
    Dahua       periodic /IPC/2018-10-10/001/jpg/08/25.03[R][0@0][0].jpg
    Dahua       periodic /IPC/2019-05-09/001/dav/21/21.04.49-21.05.14[R][0@0][0].mp4
    Dahua       zone     /IPC/2019-05-09/001/dav/21/21.04.49-21.05.14[I][0@0][0].dav
    Dahua       input    /2019-05-09/001/21.04.49-21.05.14[A][@9][0].h264
    -           other    /yard[R][0@0][0].jpg
    -           other    /47[R][0][0].jpg
    -           other    /47[R].jpg
    -           other    /47[X][0@0][0].jpg
    -           other    /IPC[R][0@0][0]/47.jpg
    Dahua       other    /N843A8_ch3_main_20260830214636_20260830214641.dav
    Dahua       other    /Carport car_ch12_sub_20260830214636_20260830214641.mp4
    -           other    /N843A8_ch_main_20260830214636_20260830214641.dav
    Foscam      motion   /FI9800P_00123E45E060/snap/MDAlarm_20180914-111429.jpg
    Foscam      person   /R2_00123E45E060/snap/HMDAlarm_20180914-111429.jpg
    Foscam      motion   /R2_00123E45E060/record/MDalarm_20250712_213837.mkv
    Foscam      motion   /R2_00123E45E060/record/alarm_20231127_200437.mkv
    Foscam      periodic /snap/Schedule_20180914-111429.jpg
    -           other    /snap/Schedule_20180914_111429.jpg
    -           other    /snap/Schedule_20180914-111429_2.jpg
    -           other    /snap/Schedule_1.jpg
    -           other    /snap/Schedule_20180914-11142x.jpg
    -           other    /Schedule_20180914-111429/1.jpg
    Reolink     other    /2026/05/14/Driveway_00_20260514171805.jpg
    Reolink     other    /Carport/Carport_00_20260514171805.jpg
    Reolink     other    /Person_00_20260514171805.mp4
    Reolink     other    /Schedule_00_20260514171805.jpg
    Reolink     other    /test1_00_20260514171805.jpg
    Reolink     other    /Doorbell_00.jpg
    -           other    /Doorbell_7.jpg
    -           doorbell /Doorbell_pressed_7.jpg
    -           motion   /Doorbell_motion_7.jpg
    -           motion   /West_end-motion.jpg
    -           other    /West end_001.jpg
    -           other    /Bus_stop_20260514.jpg
    -           other    /Storage room 3.jpg
    -           other    /Car park-2026-05-14.jpg
    -           person   /front-person-12345.jpg
    Reolink     other    /RecM02_20230515_071811_071835_6D28900_13CE8C7.mp4
    Reolink     other    /RecS02_DST20230426_071811_071835_6D28900_13CE8C7.mp4
    Vivotek     motion   /yard_20050107180659_4_trg.jpg
    Vivotek     motion   /yard_20050107180659_1_pre.jpg
    Vivotek     motion   /yard_20050107180659_5_pos.jpg
    Vivotek     motion   /videotrg.jpg
    Vivotek     other    /video.jpg
    -           other    /yard_2005010718065_4_trg.jpg
    GeoVision   person   /00A1/VFD/2021-01-09/14/VFD_2021-01-09-14-05-06-123_001.jpg
    GeoVision   vehicle  /00A1/VEHICE/2021-01-09/14/VEHICE_2021-01-09-14-05-06-123_001.jpg
    GeoVision   zone     /00A1/AOIENTRY/2021-01-09/14/AOIENTRY_2021-01-09-14-05-06-123_001.jpg
    -           motion   /MOTION_2021-01-09-14-05-06-123_001.jpg
    -           other    /00A1/VFD/2021-01-09/14/1.jpg
    -           other    /00A1/2021-01-09/14/VFD_2021-01-09-14-05-06-123_001.jpg
    HiSilicon   motion   /20171007/images/A17100714051200.jpg
    HiSilicon   periodic /20171007/images/P17100714051200.jpg
    HiSilicon   motion   /20231126/record000/A231126_181503_181517.265
    HiSilicon   periodic /20231126/record000/P231126_181503_181517.264
    -           other    /record000/P231126_181503_181517.264
    -           other    /20231126/record000/A231126_181503.264
    -           other    /20171008/images/P17100714051200.jpg
    -           other    /images/P20260514171805.jpg
    -           other    /20171007/images/P1710071405120.jpg
    Swann       other    /SNAP_CH01_2022_10_14_14_15_35_23978.jpg
    -           other    /SNAP_CH0x_2022_10_14_14_15_35_23978.jpg
    -           other    /SNAP_CH01_2022_10_14.jpg
    Yi          other    /2025Y11M23D12H/55M00S.mp4
    Yi          other    /2025Y11M23D12H/11M10S50.mp4
    -           other    /2025/55M00S.mp4
    -           other    /2025Y11/55M00S.mp4
    -           other    /20251123_12345/55M00S.mp4
    -           other    /2025Y11M23D12H/5xM00S.mp4
    -           other    /2025Y11M23D12H/55M0xS.mp4
    Axis        other    /axis/image26-10-05_14-03-20-41_1.jpg.tmp
    -           other    /image26-10-05_14-03-20.jpg
    -           other    /image26-10-05_x.jpg
    -           other    /image12345678_x.jpg
    -           person   /person at the door.jpg
    -           other    /scheduled disk check.jpg
    -           fault    /disk error.jpg
    -           other    /scheduled.jpg
    -           other    /test.jpg
    -           other    /person/x.jpg
    -           other    /Carport/Carport 1.jpg
";

fn of(path: &str, kind: MediaKind, size: u64) -> (&'static str, Meaning) {
    let it = UploadedFile { path, kind, size };
    (upload_vendor(&it).unwrap_or("-"), upload(&it))
}

#[test]
fn names_of_uploads_tell() {
    let kind = MediaKind::Picture;
    for row in NAMES.trim().lines() {
        let (told, path) = row.split_once('/').unwrap();
        let path = format!("/{path}");
        let (vendor, meaning) = of(&path, kind, 100_000);
        let found: Vec<&str> = vec![vendor, meaning.event.as_str()];
        assert_eq!(found, told.split_whitespace().collect::<Vec<_>>(), "{path}");
        assert!(!meaning.housekeeping, "{path}");
    }
}

#[test]
fn a_file_without_an_event_is_a_housekeeping_file() {
    use MediaKind::{Animation, File, Picture, Video};
    for (path, kind, size, housekeeping, event) in [
        ("/ENTRADA/DVRWorkDirectory", File, 10, true, Event::Other),
        ("/DVRWorkDirectory/x.txt", File, 10, false, Event::Other),
        ("/x[M][0@0][0].idx", File, 300_000, true, Event::Other),
        ("/x[M][0@0][0].idx_", File, 300_000, true, Event::Other),
        ("/x.nfo", File, 10, true, Event::Other),
        ("/testftp.txt", File, 10, true, Event::Test),
        ("/ftptest123", File, 10, true, Event::Test),
        ("/_test", File, 10, true, Event::Test),
        ("/FTP_TEST.TXT", File, 4096, true, Event::Test),
        ("/test.txt", File, 4097, false, Event::Other),
        ("/test.jpg", Picture, 4096, false, Event::Other),
        ("/test.mp4", Video, 4096, false, Event::Other),
        ("/test.gif", Animation, 4096, false, Event::Other),
        ("/47[M][0@0][0].jpg", Picture, 0, true, Event::Test),
        ("/47[M][0@0][0].jpg", Picture, 1, false, Event::Motion),
        ("/contest.txt", File, 10, false, Event::Other),
        ("/test1/report.txt", File, 10, false, Event::Other),
    ] {
        let (_, meaning) = of(path, kind, size);
        assert_eq!(meaning, Meaning { event, housekeeping }, "{path} of {size}");
    }
}

#[test]
fn temporary_names_have_lasting_ones() {
    for (name, lasting) in [
        ("20[M][0@0][0].jpg_", "20[M][0@0][0].jpg"),
        ("/a/x.jpg.tmp", "/a/x.jpg"),
        ("x.jpg.temp", "x.jpg"),
        ("x.MP4.PART", "x.MP4"),
        ("x.jpg.partial", "x.jpg"),
        ("x.jpg.filepart", "x.jpg"),
        ("x.jpg_.part", "x.jpg"),
        ("é.tmp", "é"),
        ("x.jpg", "x.jpg"),
        ("/a_/x.jpg", "/a_/x.jpg"),
        ("part", "part"),
        ("/a/_", "/a/_"),
        ("/a/.tmp", "/a/.tmp"),
        ("", ""),
    ] {
        assert_eq!(lasting_name(name), lasting);
        assert_eq!(is_temporary(name), lasting != name, "{name}");
    }
}

proptest! {
    #[test]
    fn any_path_means_something(path in ".*", size in any::<u64>()) {
        let _ = of(&path, MediaKind::Picture, size);
    }

    #[test]
    fn names_made_of_what_vendors_write_mean_something(
        path in r"(/|_|-|\.|\[[MRx]\]|\[0@0\]|[0-9]{8}|[0-9]{14}|Schedule|P|TIMING|é|tmp|2025Y11M23D12H|M|S){0,12}"
    ) {
        let _ = of(&path, MediaKind::Video, 1);
    }

    #[test]
    fn a_lasting_name_lasts(name in r"([a-z]|/|_|é|\.tmp|\.PART|\.jpg){0,10}") {
        let lasting = lasting_name(&name);
        prop_assert!(name.starts_with(lasting));
        prop_assert_eq!(lasting_name(lasting), lasting);
        prop_assert!(!is_temporary(lasting));
        prop_assert_eq!(name.is_empty(), lasting.is_empty());
    }
}
