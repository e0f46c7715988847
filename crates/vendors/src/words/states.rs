//! The words for faults, tests, ends, the clock, and the small words between. Written as in
//! [`super::alarms`].

use tipoff_model::Event;

use super::{Entry, Kind};

/// The words of one kind and event, separated by commas.
const fn of(event: Event, kind: Kind, words: &'static str) -> Entry {
    Entry { event, kind, words }
}

pub(super) const ENTRIES: &[Entry] = &[
    // Faults. "disk" and "storage" alone are none.
    of(
        Event::Fault,
        Kind::Predicate,
        "failed, fails, offline, unreachable, degraded, crashed, disconnected",
    ),
    of(
        Event::Fault,
        Kind::Predicate,
        "not responding, not reachable, not available, unavailable, is down, went down",
    ),
    of(
        Event::Fault,
        Kind::Predicate,
        "has failed, timed out, has stopped responding, is dead, lost connection, gone down",
    ),
    of(
        Event::Fault,
        Kind::Predicate,
        "is critical, is low, is full, is almost full, is lost, was lost, is overheating",
    ),
    of(
        Event::Fault,
        Kind::Predicate,
        "connection lost, lost power, faulted, suspended, aborted, corrupted, unresponsive",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "no longer available, no longer respond*, no longer reachable, no longer accessible",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "fail, failing, failure, failures, error, errors, fault, faults, faulty, degrading",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "critical, problem, malfunction*, exception, abnormal, corrupt, corruption, overload*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "overheat*, over temperature, high temperature, temperature alarm, temperature too high",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "video loss, videoloss, video lost, signal loss, signal lost, loss of signal, no signal",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "loss of video, no video signal, image loss, camera lost, channel offline, ipc offline",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "disk full, diskfull, hdd full, storage full, sd card full, sd full, sdfull, volume full",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "disk is full, card full, hard disk full, drive full, quota exceeded, almost full",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "diskerror, hderror, sderror, storagefailure, storagenotexist, storagelowspace",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "no disk, no hdd, no hard disk, no sd card, no sd, no storage, low space, disk space low",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "hdd low space, insufficient space, low disk space, low on space, out of space",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "running out of, space is low, storage low, low storage, no space left, bad sector*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "hdd abnormal, hdd lost, hard disk lost, disk removed, sd card removed, sd card abnormal",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "net disconnect*, network disconnect*, netabort, network lost, network down, nic broken",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "nicbroken, link down, connection lost, lost connection, connection loss, host down",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "service down, server down, internet down, site down, lost communication, lost the",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "communication lost, ip conflict*, ipconflict*, ip address conflict*, mac conflict*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "mac address conflict*, address conflict*, macconflict, illegal login*, illegal access*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "illegalaccess, illaccess, loginfailure, invalid login, unauthorized access",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "account locked, account is locked, brute force, record exception, recording exception",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "record abnormal, abnormal record*, recordingfailure, resolution mismatch*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "mismatch, standard mismatch, array exception, hot spare exception, fan stopped",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "fan speed, fan warning, smart warning, pre failure, currentpendingsector",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "offlineuncorrectable*, pending sector*, uncorrectable sector*, reallocated sector*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "power loss, power lost, power outage, power cut, blackout, on battery, on batteries",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "running on ups, low battery, battery low, battery is low, battery critical",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "battery power is too low, battery discharged, batteries discharged, battery exhausted",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "replace battery, replace batteries, battery needs, battery must be replaced",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "battery replacement, improper shutdown, unexpected shutdown, unclean shutdown",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "emergency shutdown, in bypass, load exceeds, paper jam*, out of paper, no paper",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "toner low, low toner, toner empty, replace toner, ink low, low ink, cover open",
    ),
    // German.
    of(
        Event::Fault,
        Kind::Predicate,
        "fehlgeschlagen, ausgefallen, gescheitert, abgesturzt, nicht erreichbar",
    ),
    of(
        Event::Fault,
        Kind::Predicate,
        "getrennt, unterbrochen, defekt, herabgesetzt, nicht verfugbar, gestort",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "fehler, fehlers, fehlern, *fehler, fehlermeldung, fehlerhaft*, fehlgeschlagene*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "ausfall, *ausfall, storung, storungen, *storung, stoerung*, defekte, defekter",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "videoverlust, signalverlust, bildausfall, videosignalverlust, kein signal, kein bild",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "verbindung verloren, verbindungsverlust, verbindungsabbruch, speicher voll",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "festplatte voll, speicherkarte voll, sd karte voll, keine festplatte, kein speicher*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "batterie schwach, batterie leer, akku schwach, akku leer, batteriebetrieb",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "auf batterie, uberhitz*, papierstau, ip konflikt, adresskonflikt, unberechtigte* zugriff",
    ),
    // Dutch.
    of(
        Event::Fault,
        Kind::Predicate,
        "mislukt, uitgevallen, niet bereikbaar, verbroken, niet beschikbaar",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "fout, fouten, foutmelding, *fout, storing, storingen, *storing, defecte, videoverlies",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "signaalverlies, geen signaal, verbinding verloren, verbinding verbroken, schijf vol",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "harde schijf vol, opslag vol, stroomuitval, batterij leeg, batterij bijna leeg",
    ),
    of(Event::Fault, Kind::Sure, "geen harde schijf, onbevoegde toegang"),
    // French.
    of(
        Event::Fault,
        Kind::Predicate,
        "echoue, echouee, hors ligne, deconnecte, deconnectee, injoignable, degrade",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "erreur, erreurs, echec, echecs, panne, pannes, defaillan*, defaut, defauts",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "perte video, perte de video, perte de signal, perte du signal, perte de connexion",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "pas de signal, disque plein, disque dur plein, carte pleine, aucun disque",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "coupure de courant, coupure electrique, coupure reseau, reseau deconnecte",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "batterie faible, sur batterie, bourrage*, conflit ip, conflit d adresse*",
    ),
    of(Event::Fault, Kind::Sure, "conflit d ip, acces illegal, connexion illegale, surchauffe"),
    // Spanish.
    of(
        Event::Fault,
        Kind::Predicate,
        "fallo, fallido, fallida, desconectado, desconectada, sin conexion, degradado",
    ),
    of(Event::Fault, Kind::Predicate, "degradada, fuera de linea, inaccesible"),
    of(
        Event::Fault,
        Kind::Sure,
        "errores, falla, fallas, fallos, averia, averias, perdida de video, perdida de senal",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "perdida de conexion, sin senal, disco lleno, disco duro lleno, sin disco, tarjeta llena",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "corte de luz, corte de energia, bateria baja, conflicto de ip, conflicto ip",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "conflicto de direccion*, acceso ilegal, inicio de sesion ilegal, red desconectada",
    ),
    // Italian.
    of(
        Event::Fault,
        Kind::Predicate,
        "fallito, fallita, disconnesso, disconnessa, irraggiungibile, degradato",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "errore, errori, guasto, guasti, fallimento, malfunzionament*, perdita video",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "perdita di video, perdita segnale, perdita di segnale, perdita connessione",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "nessun segnale, disco pieno, nessun disco, rete disconnessa, batteria scarica",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "mancanza di corrente, interruzione di corrente, conflitto ip, accesso illegale",
    ),
    // Portuguese.
    of(Event::Fault, Kind::Predicate, "falhou, falharam, desconectada, inacessivel"),
    of(
        Event::Fault,
        Kind::Sure,
        "erro, erros, falha, falhas, avaria, avarias, perda de video, perda de sinal",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "perda de conexao, sem sinal, disco cheio, hd cheio, sem disco, rede desconectada",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "queda de energia, bateria fraca, conflito de ip, conflito ip, acesso ilegal",
    ),
    // Polish.
    of(
        Event::Fault,
        Kind::Predicate,
        "nieudany, nieudana, nieudane, nie powiodl*, rozlaczon*, niedostepn*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "blad, bledy, bledu, bledow, awari*, usterk*, niepowodzeni*, uszkodz*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "utrata wideo, utrata sygnalu, utrata obrazu, utrata polaczenia, zanik obrazu",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "zanik wideo, brak sygnalu, brak zasilania, brak polaczenia, brak dysku, dysk pelny",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "pelny dysk, slaba bateria, konflikt ip, konflikt adresow*, nielegaln* dostep",
    ),
    // Russian.
    of(
        Event::Fault,
        Kind::Predicate,
        "недоступ*, отключен, отключена, отключено, не отвечает, не удал*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "ошибк*, сбой, сбоя, сбои, неисправн*, отказ, отказы, авари*, поврежден*",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "потеря видео*, потеря сигнала, потеря связи, потеря соединения, потеря изображения",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "нет связи, нет сигнала, нет питания, нет диска, нет видео, диск заполнен, диск полон",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "переполнен* диск*, отключени* питания, отключени* электр*, обрыв связи, обрыв сети",
    ),
    of(
        Event::Fault,
        Kind::Sure,
        "разряж* батаре*, низкий заряд, конфликт ip, конфликт адрес*, незаконн* доступ",
    ),
    of(Event::Fault, Kind::Sure, "несанкционирован* доступ, неудачн*"),
    // Chinese and Japanese.
    of(
        Event::Fault,
        Kind::Sure,
        "错误, 故障, 失败, 异常, 视频丢失, 信号丢失, 丢失, 硬盘满, 磁盘满, 硬盘已满, 存储满, 无硬盘, 空间不足, 断网, 掉线, 离线, 断开, \
         网线断, 冲突, 非法登录, 非法访问, 断电, 停电, 停電, 電源異常, 錯誤, 失敗, 異常, 遺失, 離線, 斷線, 硬碟滿, エラー, 障害, 映像消失, 映像ロス, \
         ビデオロス, 信号なし, 切断, 容量不足, オフライン, ディスクフル, 不正ログイン, 不正アクセス, バッテリー低下, 故障し",
    ),
    // Tests: the whole phrase, as "self-test" and "test failed" are none.
    of(
        Event::Test,
        Kind::Sure,
        "test mail, testmail, test email, test e mail, test message, test notification, email test",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "e mail test, mail test, smtp test, test smtp, testing email, testing e mail, testing mail",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "testing smtp, test alert, test push, test of the notification, test of notification",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "this is a test, this is test, just a test, only a test, test only, testing 123, test test",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "set up and tested, tested the e mail, tested the email, sample email, test event",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "health mail, health email, health e mail, keep alive, keepalive, heartbeat mail",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "heartbeat message, heartbeat email, testnachricht, test nachricht, testbenachrichtigung",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "dies ist ein test, das ist ein test, testalarm, testmeldung, test meldung, testbericht",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "dit is een test, testmelding, test bericht, message de test, e mail de test, mail de test",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "email de test, courriel de test, courrier de test, test de messagerie, test d e mail",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "ceci est un test, test d envoi, notification de test, correo de prueba, prueba de correo",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "mensaje de prueba, email de prueba, e mail de prueba, esto es una prueba",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "esta es una prueba, este es un correo de prueba, email di prova, e mail di prova",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "mail di prova, email di test, e mail di test, messaggio di prova, messaggio di test",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "prova email, prova e mail, questo e un test, questa e una prova, email de teste",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "e mail de teste, mensagem de teste, teste de email, teste de e mail, isto e um teste",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "este e um teste, este e um email de teste, wiadomosc testowa, testowa wiadomosc",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "wiadomosc test*, e mail testowy, email testowy, testowy e mail, testowy email",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "to jest test, тестовое сообщение, тестовое письмо, тестовое уведомление, тестов* сообщени*",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "тестов* письм*, тест почты, проверка почты, это тест, тест email, тест e mail",
    ),
    of(
        Event::Test,
        Kind::Sure,
        "测试邮件, 邮件测试, 测试消息, 测试信, 测试报警, 测试通知, 这是一封测试, 測試郵件, 郵件測試, テストメール, メールテスト, テスト送信, \
         テストです, テスト通知, テストメッセージ",
    ),
    // What is sent by the clock; believed of a known vendor's own field only.
    of(
        Event::Periodic,
        Kind::Sure,
        "periodic, periodical, periodically, schedule, scheduled, timing, timed, regular",
    ),
    of(Event::Periodic, Kind::Sure, "定时, 定時"),
];

/// Words that make a noun an event: "motion detected", "Personen erkannt".
pub(super) const DETECTED: &str = "detect, detected, detection, detections, detects, detecting, alarm, alarms, alarmed, alert, alerts, \
     event, events, trigger, triggered, triggers, recognised, recognized, recognition, seen, spotted, sensed, \
     identified, started, start, begin, began, capture, captured, present, arrived, appears, appeared, passing, approaching, \
     erkannt, erkennung, entdeckt, detektiert, detektion, meldung, ausgelost, warnung, gesehen, festgestellt, \
     ereignis, gemeldet, gedetecteerd, detectie, waargenomen, gesignaleerd, melding, herkend, detecte, detectee, \
     detectes, detectees, alerte, declenche, declenchee, declenchement, detectad*, detectaron, deteccion, alerta, \
     alertas, alarma, alarmas, alarme, alarmes, alarmu, activad*, rilevat*, rilevament*, rilevazione, \
     riconosciut*, allarme, allarmi, avviso, deteccao, detetad*, detecao, wykryt*, wykryci*, wykrywani*, \
     обнаруж*, обнаружени*, тревог*, детекц*, детектор*, распознан*, замечен*, сработал*, rilevatore, \
     detekterad, registrert, larm, algilandi, 감지";

/// Words that say nothing of what happened.
pub(super) const FILLERS: &str = "a, an, the, of, and, or, was, were, is, are, has, have, had, been, be, being, being, new, unknown, known, \
     some, someone, your, this, that, there, type, smart, ai, ivs, vca, video, camera, cam, ipc, ipcamera, nvr, \
     dvr, xvr, channel, ch, ip, notification, message, warning, security, info, information, alarmtype, image, \
     picture, snapshot, snapshots, images, pictures, attached, mail, email, e, re, fwd, ein, eine, einer, einen, \
     der, die, das, des, dem, den, und, oder, wurde, wurden, wird, ist, sind, worden, kamera, kanal, neue, neuer, \
     een, de, het, en, of, werd, zijn, un, une, le, la, les, du, l, d, et, ou, ete, est, sont, detecteur, el, los, \
     las, una, uno, y, ha, han, sido, se, es, camara, canal, lo, il, gli, i, e, di, del, della, dei, stato, stata, \
     rilevazione, telecamera, canale, um, uma, o, os, as, do, da, foi, foram, zostal, zostala, zostalo, kamery, \
     в, и, был, была, было, были, камера, камеры, канал, ,, \u{1}";

/// What ends an alarm, behind its word: "motion end", "alarm stopped".
pub(super) const ENDED: &str = "end, ended, ends, stop, stopped, stops, finished, cleared, restored, resolved, recovered, inactive, \
     gone, beendet, endete, ende, aufgehoben, behoben, wiederhergestellt, gestopt, beeindigd, opgelost, hersteld, \
     termine, terminee, retabli, retablie, resolu, resolue, fin, finalizad*, terminad*, restablecid*, restaurad*, \
     finalizo, terminat*, cessat*, ripristinat*, risolt*, fine, encerrad*, restabelecid*, fim, terminou, \
     zakonczon*, przywrocon*, koniec, ustal, завершен*, прекращен*, окончен*, восстановлен*, устранен*, закончил*, \
     结束, 停止, 恢复, 解除, 終了, 復旧, 结束了, 消除";
/// The same, where a name may stand between: "Motion on Camera 1 ended". No nouns: "Motion at Bus stop".
pub(super) const ENDED_BEHIND_NAME: &str = "ended, stopped, cleared, restored, resolved, recovered, beendet, aufgehoben, behoben, wiederhergestellt, \
     gestopt, beeindigd, opgelost, hersteld, termine, terminee, retabli, retablie, finalizad*, terminad*, \
     restablecid*, terminat*, cessat*, ripristinat*, encerrad*, zakonczon*, завершен*, прекращен*, восстановлен*";
/// The other way round: "end of motion", "Ende der Bewegung".
pub(super) const END_OF: &str =
    "end, ende, einde, fin, fine, fim, koniec, конец, окончание, завершение";
/// Whole phrases for an end.
pub(super) const ENDS: &str = "no longer on battery*, is no longer critical, is no longer low, is no longer degraded, \
     is no longer offline, is no longer active, alarm is over, back online, back on line, is back up, is up again, is now online, is back, has recovered, \
     power restored, power has returned, power has been restored, power is back, mains restored, utility restored, \
     alarmende, wieder online, wieder erreichbar, wieder verfugbar, weer online, de nouveau en ligne, \
     de nuevo en linea, di nuovo online, снова доступ*, recovery service, recovery host, 已恢复, 报警结束, 报警解除";

/// What turns a word into its opposite: "no errors", "0 failed".
pub(super) const NEGATIONS: &str = "no, not, without, non, zero, 0, keine, kein, keinen, ohne, nicht, geen, zonder, aucun, aucune, sans, pas, sin, \
     ningun, ninguna, senza, nessun, nessuna, sem, nenhum, nenhuma, bez, brak, без, нет, не";
