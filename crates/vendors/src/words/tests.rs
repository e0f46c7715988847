//! What subjects say. A row is an event and a subject; each group names where its subjects come from.

use super::*;

fn check(rows: &str) {
    let mut wrong = Vec::new();
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (expected, text) = row.split_once(' ').unwrap();
        let found = subject(text.trim()).unwrap_or_default();
        if found.as_str() != expected {
            wrong.push(format!("{} instead of {expected}: {}", found.as_str(), text.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_fault_is_no_test_and_a_self_test_is_none_either() {
    // APC AP9617 user's guide (event list); smartd(8) and its mails; iLO, MegaRAID and DSM reports.
    check(
        "
        fault UPS: Failed a self-test.
        other UPS: Passed a self-test.
        other UPS: Started a self-test.
        fault S.M.A.R.T. short test failed on drive 2
        fault S.M.A.R.T. extended test completed with errors on drive 2
        fault SMART test failed
        other SMART test passed
        other Self-test finished successfully
        fault Battery test failed
        other Battery test passed
        fault SMART error (CurrentPendingSector) detected on host: pve1
        fault SMART error (ErrorCount) detected on host: nas
        other A SMART Test Was Performed
        fault Test of backup failed
        fault Test email failed
        fault Test: disk degraded
        fault RAID test passed with errors
        other Speed test results
        other Test results of the week
        fault Unit test failed
        other Load test finished
        other Latest news
        other Contest of the month
        other Attestation received
        fault Selbsttest fehlgeschlagen
        other Selbsttest erfolgreich abgeschlossen
        fault Le test automatique de la batterie a échoué
        fault Zelftest mislukt
        fault La prueba de batería ha fallado: fallo de la prueba
        fault Тест диска: ошибка
        fault 自检失败
        ",
    );
}

#[test]
fn a_test_is_a_whole_phrase() {
    // Test buttons of cameras, printers, NAS and servers, in the languages of their menus.
    check(
        "
        test Test mail from camera
        test Test e-mail from FRITZ!Box
        test test email
        test TEST
        test Test
        test Test Message
        test Test from IPC
        test [TEST]
        test This is a test
        test This is a test e-mail from your printer
        test E-mail test
        test SMTP Test
        test Testing email from TrueNAS
        test TrueNAS: Test message
        test [DiskStation] Test Message from DiskStation
        test Proxmox test notification
        test Camera test
        test Keep Alive
        test Testmail
        test Testnachricht
        test Test-Nachricht Ihrer Kamera
        test Dies ist ein Test
        test Test E-Mail von der Kamera
        test E-Mail-Test
        test Dit is een test
        test Testbericht van de NAS
        test Message de test
        test E-mail de test
        test Ceci est un test
        test Correo de prueba
        test Mensaje de prueba de la cámara
        test Esto es una prueba
        test Email di prova
        test Messaggio di prova
        test E-mail de teste
        test Mensagem de teste
        test Wiadomość testowa
        test To jest test
        test Тестовое сообщение
        test Тестовое письмо от камеры
        test 测试邮件
        test 这是一封测试邮件
        test テストメール
        test テスト送信です
        motion Test: Motion detected
        motion Motion detected on \"Test\"
        ",
    );
}

#[test]
fn names_of_cameras_make_no_event() {
    // Names that people give to cameras, in the forms in which cameras write them.
    check(
        "
        other West end
        other West end camera
        other Bus stop
        other Storage room
        other Doorbell
        other Camera: Doorbell
        other Alert from Doorbell
        other Picture from Storage room
        other Snapshot of Bus stop
        other Carport
        other Car park
        other Dog house
        other Cat flap
        other Petra is home
        other Visitor parking
        other Covered patio
        other Railway crossing
        other Perimeter north
        other Alert: Bus stop
        other Alarm: Dead end
        other Full stop
        other Test lab camera
        other Lights on at Bus stop
        motion Kamera \"Ende\" meldet Bewegung
        motion Stop Motion: Movement detected
        vehicle Stop sign camera: Vehicle detected
        vehicle Test track: Vehicle detected
        person End unit person detected
        motion Disk room: motion detected
        motion Endlager: Bewegung
        motion Ring: There is motion at your Front Door
        person Ring: There is a Person at your Front Door
        other Alarm at West end
        other Alarm Bus stop
        other Alarm West end
        other Front end
        other Server room camera
        other Disk station
        other Weekend house
        other Endstation
        other Nonstop shop
        other Backstop
        other Test-Center picture
        other Türklingel
        other Klingel
        other Deurbel
        other Sonnette
        other Lagerraum
        other Haltestelle
        other 门铃
        other ドアベル
        motion West end: Motion detected
        motion Motion: West end
        motion Motion detected at West end
        motion Motion detected by \"West end\"
        motion Bus stop: Motion detected
        motion Bus stop - Motion
        motion Motion detected - Bus stop
        motion Storage room: Motion
        motion Motion Storage room
        motion Motion detected in Storage room
        motion Doorbell: Motion detected
        motion Motion Detected from Doorbell at 14:30:00
        motion Motion on Doorbell
        motion Car park: Motion detected
        motion Motion detected: Car park
        motion Motion alarm Car park
        motion Dog house: motion
        motion Visitor parking: Motion detected
        motion Person parking motion detected
        motion Railway crossing: Motion detected
        motion Covered patio: Motion detected
        motion Motion Garden
        motion Motion detected on Channel A1
        motion Fire exit: Motion
        motion Sound studio: motion detected
        motion Lost and found: Motion detected
        motion Motion detected near Error room
        motion Motion detected [Storage room]
        motion [Doorbell] Motion detected
        motion [Storage] motion
        person Camera Doorbell - person
        person Camera Doorbell: Person detected
        person Person at Bus stop
        person Person detected at Car park
        person Storage room: person
        person Person: Doorbell
        person Person at the West end
        vehicle Vehicle at Bus stop
        vehicle West end - Vehicle detected
        animal Animal detected by Person cam
        sound Sound detected in Test lab
        fault HDD error at West end
        fault Bus stop: disk full
        fault Camera \"Doorbell\" offline
        line Line crossing at West end
        motion Klingel: Bewegung erkannt
        motion Bewegung an Haltestelle
        person Türklingel: Person erkannt
        motion 门铃: 移动侦测
        motion 来自门铃的移动侦测报警
        motion 玄関でモーション検知
        ",
    );
}

#[test]
fn an_end_needs_what_has_ended() {
    // Dahua and EZIP (`… Stop`, `… end`), Hikvision, UPSs and monitors, in their languages.
    check(
        "
        end Motion end
        end Motion detection end
        end Motion Detection Stop
        end Alarm stopped
        end Alarm ended
        end Motion alarm has ended
        end Motion on Camera 1 stopped
        end Person detection ended
        end Video loss restored
        end Video signal loss: restored
        end Motion alarm: cleared
        end End of motion
        end UPS: No longer on battery power.
        end Power restored
        end Host is back online
        end Problem resolved
        end Alarm cleared
        end Bewegung beendet
        end Alarm beendet
        end Ende der Bewegung
        end Alarm gestopt
        end Beweging gestopt
        end Fin de l'alarme
        end Fin de alarma
        end Fine allarme
        end Fim do alarme
        end Koniec alarmu
        end Конец тревоги
        end Тревога завершена
        end Motion Alarm on Channel 3 has ended
        end Alarm has been cleared
        end Connection restored
        motion Détection mouvement caméra Fin de rue
        motion Motion Stop sign
        other Alarm Stop sign
        end 移动侦测结束
        end 报警解除
        end モーション検知終了
        motion Motion started
        motion Motion detection start
        motion Motion detected at Front end
        other Backup stopped
        other Service stopped
        other The end
        other Stop
        other Job ended
        other Weekend report
        fault Disk is no longer available
        fault Error: unexpected end of file
        fault Failed to stop service
        other File restored from backup
        other Restored
        other 营业结束
        ",
    );
}

#[test]
fn a_fault_needs_more_than_a_disk() {
    // Manuals: Hikvision and Dahua (Exception), APC, printers; reports: DSM, TrueNAS, Nagios, Proxmox.
    check(
        "
        fault Disk error
        fault Disk full
        fault Storage failure
        fault HDD Full
        fault HDD Error
        fault NVR: No Disk
        fault SD card error
        fault Video Loss
        fault Video signal lost on camera 3
        fault Network Disconnected
        fault IP Address Conflicted
        fault Illegal Login
        fault Record Exception
        fault Camera offline
        fault Backup failed
        fault Scheduled backup failed
        fault Backup on nas1 failed
        fault Replication from nas1 to nas2 failed
        fault error in pool tank
        fault Pool tank state is DEGRADED
        fault Volume 1 on DiskStation has degraded
        fault Volume 1 has crashed
        fault failed on drive 2
        fault UPS on battery
        fault UPS: On battery power in response to an input power problem.
        fault UPS: Lost the local network management interface-to-UPS communication.
        fault UPS: At least one faulty battery exists.
        fault UPS: The battery power is too low to continue
        fault UPS: The load exceeds 100% of rated capacity.
        fault Power failure at home
        fault Battery low
        fault Paper jam in tray 2
        fault Toner low
        fault Connection lost
        fault ** PROBLEM Service Alert: web/HTTP is CRITICAL **
        fault [ERROR] backup of db
        fault [FAILED] nightly build
        fault Cron <root@host> backup.sh: exit with error
        fault RAID 0 degraded
        fault Fan failure on switch
        fault vzdump backup status (pve1): backup failed
        fault [Uptime Kuma] [Down] web
        fault Server down
        fault Connection to Storage room lost
        fault Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors
        fault DegradedArray event on /dev/md0:nas
        fault Disk C: nearly full
        fault Freezer temperature high
        fault USV im Batteriebetrieb
        fault Speicherplatz wird knapp
        fault Device: /dev/sdb [SAT], Self-Test Log error count increased from 0 to 1
        fault [Surveillance Station] Camera \"Doorbell\" was disconnected
        fault UniFi Network: Device disconnected
        fault Printer offline
        fault Mail delivery failed: returning message to sender
        other Lost and found
        other [Uptime Kuma] [Up] web
        other Cron <backup@nas> /usr/local/bin/backup.sh
        other Unattended upgrades result for host: SUCCESS
        other Report: 0 errors, 0 warnings
        other Job \"error cleanup\" finished
        other Certificate expires in 14 days
        other vzdump backup status (pve1): backup successful
        other Backup finished
        other Backup completed with 0 errors
        other Backup completed without errors
        other Backup completed: errors: 0
        other No errors found
        other Storage report
        other Disk usage report
        other New disk installed
        other Storage room cleaned
        other Volume expanded
        other Scheduled task completed
        other [NAS] IP address has been blocked by SSH
        other Weekly scrub of pool tank finished
        other Critical update available
        fault Fehler auf Festplatte
        fault Festplattenfehler
        fault Festplatte voll
        fault Sicherung fehlgeschlagen
        fault Stromausfall
        fault Kamera nicht erreichbar
        fault Der Server in Berlin ist ausgefallen
        fault Verbindung verloren
        fault Störung am Wechselrichter
        fault Netzwerkstörung
        fault Videoverlust Kanal 3
        other Sicherung erfolgreich
        other Keine Fehler gefunden
        fault Schijf vol
        fault Back-up mislukt
        fault Stroomuitval
        fault Videoverlies
        other Back-up voltooid
        fault Échec de la sauvegarde
        fault Erreur de disque
        fault Perte vidéo
        fault Coupure de courant
        other Sauvegarde terminée
        fault Error de disco
        fault Pérdida de vídeo
        fault Copia de seguridad fallida
        fault Corte de luz
        fault Errore disco
        fault Backup fallito
        fault Perdita video
        fault Erro de disco
        fault Falha no backup
        fault Perda de vídeo
        fault Błąd dysku
        fault Brak zasilania
        fault Utrata wideo
        fault Ошибка диска
        fault Потеря видео
        fault Нет связи
        fault Сбой питания
        fault 硬盘错误
        fault 视频丢失
        fault 网络断开
        fault IP地址冲突
        fault ディスクエラー
        fault 映像消失
        fault 停電
        other 無異常
        ",
    );
}

#[test]
fn motion_is_read_in_all_languages() {
    // Menus and default subjects: Hikvision, Dahua, INSTAR, ABUS, Reolink, Axis, Panasonic (their manuals).
    check(
        "
        motion Motion detected
        motion Motion Detection
        motion MotionDetected
        motion motion-detected
        motion Movement detected by camera 1
        motion VMD
        motion Camera 1 motion
        motion ALERT: Motion in garden
        motion On Camera 1 motion detected
        motion In the garage motion was detected
        motion Motion: no preview
        other No motion detected for 2 hours
        motion Bewegung im Garten
        motion Bewegungserkennung
        motion Bewegungsalarm Einfahrt
        motion Bewegung erkannt
        motion Alarm: Bewegung
        motion Bewegungsmelder hat ausgelöst
        motion Beweging gedetecteerd
        motion Bewegingsdetectie voordeur
        motion Mouvement détecté
        motion Détection de mouvement
        motion Alerte mouvement sur caméra 2
        motion Movimiento detectado
        motion Detección de movimiento
        motion Movimento rilevato
        motion Rilevamento movimento
        motion Movimento detectado no portão
        motion Detecção de movimento
        motion Wykryto ruch
        motion Wykrycie ruchu na kamerze 1
        motion Обнаружено движение
        motion Движение на камере 1
        motion Детекция движения
        motion 移动侦测
        motion 移动侦测报警
        motion 检测到移动
        motion 画面变化
        motion 移動偵測
        motion 動体検知
        motion 動きを検知しました
        motion モーション検知
        ",
    );
}

#[test]
fn persons_vehicles_and_animals_are_read_in_all_languages() {
    // Reolink, Hikvision (AcuSense), Dahua (SMD), Swann, TP-Link: menus and mails.
    check(
        "
        person Person detected
        person Person Detected from Driveway Reolink
        person Human detection
        person SMD Human
        person Human
        person Person
        person A car and a person
        person Person and vehicle detected
        person Scheduled: person at the gate
        person Motion detected: Person
        person Motion: Person
        person Front door person
        person Person Garden
        person Pedestrian detected
        person Face detection
        person Smart Motion Human
        person Person erkannt
        person Personenerkennung
        person Am Tor wurde eine Person erkannt
        person Mensch erkannt
        person Gesichtserkennung
        person Persoon gedetecteerd
        person Personne détectée
        person Persona detectada
        person Persona rilevata
        person Rilevata persona in giardino
        person Pessoa detectada
        person Wykryto osobę: osoba
        person Обнаружен человек
        person Человек у ворот
        person 人形检测
        person 检测到人形
        person 人脸检测
        person 人物を検知
        person 玄関で人を検知しました
        vehicle Vehicle detected
        vehicle Vehicle in the driveway
        vehicle Car detected
        vehicle Car
        vehicle Motion detected - Car
        vehicle License plate recognised
        vehicle Fahrzeug erkannt
        vehicle Auto erkannt
        vehicle Voertuig gedetecteerd
        vehicle Véhicule détecté
        vehicle Vehículo detectado
        vehicle Veicolo rilevato
        vehicle Veículo detectado
        vehicle Wykryto pojazd
        vehicle Обнаружен автомобиль
        vehicle 车辆检测
        vehicle 車両を検知
        other Auto backup finished
        other Car park full of leaves
        animal Animal detected
        animal Pet detected
        animal Dog detected
        animal Dog
        animal Tier erkannt
        animal Haustier erkannt
        animal Huisdier gedetecteerd
        animal Animal détecté
        animal Mascota detectada
        animal Animale rilevato
        animal Wykryto zwierzę
        animal Обнаружено животное
        animal 检测到宠物
        animal ペットを検知
        other Pricing tier changed
        other Live chat
        ",
    );
}

#[test]
fn bells_lines_zones_and_the_rest_are_read_in_all_languages() {
    // Hikvision (Smart Event), Dahua (IVS), Reolink (doorbells), Axis, Panasonic: menus and mails.
    check(
        "
        doorbell Visitor from Doorbell
        doorbell Visitor
        doorbell Someone rang the doorbell
        doorbell Doorbell pressed
        doorbell Doorbell rang
        doorbell Front door is ringing
        doorbell There is someone at your door
        doorbell Ring: Someone is at your Front Door
        doorbell Someone rang your doorbell
        doorbell Call button pressed
        doorbell Es hat geklingelt
        doorbell Besucher an der Tür
        doorbell Er is aangebeld
        doorbell On a sonné
        doorbell Han llamado al timbre
        doorbell Hanno suonato alla porta
        doorbell Tocou a campainha
        doorbell Ktoś dzwoni do drzwi
        doorbell Звонок в дверь
        doorbell 有访客
        doorbell 来客がありました
        line Line crossing
        line Line Crossing Detection
        line Tripwire
        line Linienüberschreitung
        line Lijnoverschrijding
        line Franchissement de ligne
        line Cruce de línea
        line Attraversamento linea
        line Cruzamento de linha
        line Przekroczenie linii
        line Пересечение линии
        line 越界侦测
        line ラインクロス検知
        zone Intrusion
        zone Intrusion Detection
        zone Region Entrance
        zone Loitering detected
        zone Unattended baggage
        zone Abandoned Object
        zone Einbruchalarm
        zone Inbraak
        zone Intrus détecté
        zone Intruso detectado
        zone Rilevata intrusione
        zone Invasão
        zone Wtargnięcie
        zone Вторжение в зону
        zone 区域入侵
        zone 侵入検知
        tamper Video tampering
        tamper Camera Masking
        tamper Scene change detected
        tamper Sabotage erkannt
        tamper Kamera abgedeckt
        tamper Camera afgedekt
        tamper Masquage caméra
        tamper Sabotaje de la cámara
        tamper Manomissione telecamera
        tamper Sabotaż kamery
        tamper Саботаж камеры
        tamper 视频遮挡
        tamper 妨害検知
        sound Sound detected
        sound Audio Exception
        sound Loud noise detected
        sound Baby crying detected
        sound Geräusch erkannt
        sound Geluid gedetecteerd
        sound Bruit détecté
        sound Ruido detectado
        sound Suono rilevato
        sound Wykryto dźwięk
        sound Обнаружен звук
        sound 声音异常
        sound 異常音を検知
        input Alarm input 1
        input External Alarm
        input Local Alarm
        input PIR
        input PIR detected
        input Input 1 triggered
        sound Dog barking
        input Smoke detected
        input Water leak detected
        input Alarmeingang 2
        input Alarmingang 1
        input Entrée d'alarme 1
        input Entrada de alarma
        input Ingresso allarme
        input Wejście alarmowe
        input Тревожный вход 1
        input 报警输入
        input アラーム入力1
        other Package detected
        other Paket erkannt
        ",
    );
}

#[test]
fn other_mails_are_no_event() {
    check(
        "
        other dlink-02C972_E-Mail_Alert
        other FRITZ!Box-Info: Nutzungs- und Verbindungsdaten vom 14.05.2026
        other FRITZ!Box info: Data on usage and connections
        other Anruf von Mama
        other Scan from MFP
        other Your document
        other Weekly report
        other Login from new device
        other Firmware update available
        other Updates are available for host web
        other [UniFi] Client connected
        other IPCamera alarm
        other Alarm
        other Alert
        other Motioneering news: \"motion\"
        other Mail from person@example.com
        other http://motion.example.com/person
        other <motion@example.com>
        ",
    );
}

#[test]
fn every_line_of_the_vocabulary_is_understood() {
    for line in vocabulary::lines() {
        let (_, _, words) = vocabulary::entry(line).unwrap_or_else(|| panic!("{line}"));
        let has_stray = words.split(',').any(|it| it.trim().is_empty() || it.trim().contains("  "));
        let is_folded = phrase::segments(&words.replace('*', "").replace(',', " "), false)
            .iter()
            .flat_map(|segment| &segment.words)
            .all(|word| words.contains(&word.text));
        assert!(!has_stray && is_folded, "{line}");
    }
}

#[test]
fn anything_may_stand_in_a_subject() {
    for text in [
        "", " ", ":", "\"", "\"\"", "''", "'", "[", "]", "[]", "@", "a@b", "-", " - ", "、", "で",
        "来自",
    ] {
        assert_eq!(subject(text), None, "{text}");
        assert_eq!(field(text), None, "{text}");
    }
}
