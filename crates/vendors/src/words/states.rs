//! The vocabulary for faults, tests, ends and schedules, and the small words between. Faults are also those of UPSs,
//! storage and servers. The words are written as in [`super::alarms`].

/// One entry a line, as in [`super::alarms::WORDS`].
pub(super) const WORDS: &str = r"
# Faults. A disk or storage alone is none.
fault predicate failed, fails, offline, unreachable, degraded, crashed, disconnected, not responding
fault predicate not reachable, not available, unavailable, is down, went down, has failed, timed out
fault predicate has stopped responding, is dead, lost connection, gone down, is critical
fault predicate is full, is almost full, is lost, was lost, is overheating, connection lost
fault predicate lost power, faulted, suspended, aborted, corrupted, unresponsive
fault sure      no longer available, no longer respond*, no longer reachable, no longer accessible
fault sure      no space, space used up, disk attenuation, out of service
fault sure      unreadable, degradedarray, failspare, nearly full, temperature high
fault sure      temperature is high, temperature is too high, temperature critical
fault prone     down, lost, on battery
fault sure      fail, failing, failure, failures, error, errors, fault, faults, faulty, degrading
fault sure      critical, problem, malfunction*, exception, abnormal, corrupt, corruption, overload*
fault sure      overheat*, over temperature, high temperature, temperature alarm
fault sure      temperature too high, video loss, videoloss, video lost, signal loss, signal lost
fault sure      loss of signal, no signal, loss of video, no video signal, image loss, camera lost
fault sure      channel offline, ipc offline, disk full, diskfull, hdd full, storage full
fault sure      sd card full, sd full, sdfull, volume full, disk is full, card full, hard disk full
fault sure      drive full, quota exceeded, almost full, diskerror, hderror, sderror, storagefailure
fault sure      storagenotexist, storagelowspace, no disk, no hdd, no hard disk, no sd card, no sd
fault sure      no storage, low space, disk space low, hdd low space, insufficient space
fault sure      low disk space, low on space, out of space, running out of, space is low
fault sure      storage low, low storage, no space left, bad sector*, hdd abnormal, hdd lost
fault sure      hard disk lost, disk removed, sd card removed, sd card abnormal, net disconnect*
fault sure      network disconnect*, netabort, network lost, network down, nic broken, nicbroken
fault sure      link down, connection lost, lost connection, connection loss, host down
fault sure      service down, server down, internet down, site down, lost communication, lost the
fault sure      communication lost, ip conflict*, ipconflict*, ip address conflict*, mac conflict*
fault sure      mac address conflict*, address conflict*, macconflict, illegal login*
fault sure      illegal access*, illegalaccess, illaccess, loginfailure, invalid login
fault sure      unauthorized access, account locked, account is locked, brute force
fault sure      record exception, recording exception, record abnormal, abnormal record*
fault sure      recordingfailure, resolution mismatch*, mismatch, standard mismatch, array exception
fault sure      hot spare exception, fan stopped, fan speed, fan warning, smart warning, pre failure
fault sure      currentpendingsector, offlineuncorrectable*, pending sector*, uncorrectable sector*
fault sure      reallocated sector*, power loss, power lost, power outage, power cut, blackout
fault sure      on battery power, on batteries, running on ups, low battery, battery low, battery is low
fault sure      battery critical, battery power is too low, battery discharged, batteries discharged
fault sure      battery exhausted, replace battery, replace batteries, battery needs
fault sure      battery must be replaced, battery replacement, improper shutdown
fault sure      unexpected shutdown, unclean shutdown, emergency shutdown, in bypass, load exceeds
fault sure      paper jam*, out of paper, no paper
# German.
fault predicate fehlgeschlagen, ausgefallen, gescheitert, abgesturzt, nicht erreichbar, getrennt
fault predicate unterbrochen, defekt, herabgesetzt, nicht verfugbar, gestort
fault sure      fehler, fehlers, fehlern, *fehler, fehlermeldung, fehlerhaft*, fehlgeschlagene*
fault sure      ausfall, *ausfall, storung, storungen, *storung, stoerung*, defekte, defekter
fault sure      videoverlust, signalverlust, bildausfall, videosignalverlust, kein signal, kein bild
fault sure      verbindung verloren, verbindungsverlust, verbindungsabbruch, speicher voll
fault sure      festplatte voll, speicherkarte voll, sd karte voll, keine festplatte, kein speicher*
fault sure      batterie schwach, batterie leer, akku schwach, akku leer, batteriebetrieb
fault sure      im batteriebetrieb, wird knapp, speicherplatz knapp, auf batterie, uberhitz*, papierstau, ip konflikt, adresskonflikt
fault sure      unberechtigte* zugriff
# Dutch.
fault predicate mislukt, uitgevallen, niet bereikbaar, verbroken, niet beschikbaar
fault sure      fout, fouten, foutmelding, *fout, storing, storingen, *storing, defecte
fault sure      videoverlies, signaalverlies, geen signaal, verbinding verloren
fault sure      verbinding verbroken, schijf vol, harde schijf vol, opslag vol, stroomuitval
fault sure      batterij leeg, batterij bijna leeg, geen harde schijf, onbevoegde toegang
# French.
fault predicate echoue, echouee, hors ligne, deconnecte, deconnectee, injoignable, degrade
fault sure      erreur, erreurs, echec, echecs, panne, pannes, defaillan*, defaut, defauts
fault sure      perte video, perte de video, perte de signal, perte du signal, perte de connexion
fault sure      pas de signal, disque plein, disque dur plein, carte pleine, aucun disque
fault sure      coupure de courant, coupure electrique, coupure reseau, reseau deconnecte
fault sure      batterie faible, sur batterie, bourrage*, conflit ip, conflit d adresse*
fault sure      conflit d ip, acces illegal, connexion illegale, surchauffe
# Spanish.
fault predicate fallo, fallido, fallida, desconectado, desconectada, sin conexion, degradado
fault predicate degradada, fuera de linea, inaccesible
fault sure      errores, falla, fallas, fallos, averia, averias, perdida de video, perdida de senal
fault sure      perdida de conexion, sin senal, disco lleno, disco duro lleno, sin disco
fault sure      tarjeta llena, corte de luz, corte de energia, bateria baja, conflicto de ip
fault sure      conflicto ip, conflicto de direccion*, acceso ilegal, inicio de sesion ilegal
fault sure      red desconectada
# Italian.
fault predicate fallito, fallita, disconnesso, disconnessa, irraggiungibile, degradato
fault sure      errore, errori, guasto, guasti, fallimento, malfunzionament*, perdita video
fault sure      perdita di video, perdita segnale, perdita di segnale, perdita connessione
fault sure      nessun segnale, disco pieno, nessun disco, rete disconnessa, batteria scarica
fault sure      mancanza di corrente, interruzione di corrente, conflitto ip, accesso illegale
# Portuguese.
fault predicate falhou, falharam, desconectada, inacessivel
fault sure      erro, erros, falha, falhas, avaria, avarias, perda de video, perda de sinal
fault sure      perda de conexao, sem sinal, disco cheio, hd cheio, sem disco, rede desconectada
fault sure      queda de energia, bateria fraca, conflito de ip, conflito ip, acesso ilegal
# Polish.
fault predicate nieudany, nieudana, nieudane, nie powiodl*, rozlaczon*, niedostepn*
fault sure      blad, bledy, bledu, bledow, awari*, usterk*, niepowodzeni*, uszkodz*, utrata wideo
fault sure      utrata sygnalu, utrata obrazu, utrata polaczenia, zanik obrazu, zanik wideo
fault sure      brak sygnalu, brak zasilania, brak polaczenia, brak dysku, dysk pelny, pelny dysk
fault sure      slaba bateria, konflikt ip, konflikt adresow*, nielegaln* dostep
# Russian.
fault predicate недоступ*, отключен, отключена, отключено, не отвечает, не удал*
fault sure      ошибк*, сбой, сбоя, сбои, неисправн*, отказ, отказы, авари*, поврежден*
fault sure      потеря видео*, потеря сигнала, потеря связи, потеря соединения, потеря изображения
fault sure      нет связи, нет сигнала, нет питания, нет диска, нет видео, диск заполнен, диск полон
fault sure      переполнен* диск*, отключени* питания, отключени* электр*, обрыв связи, обрыв сети
fault sure      разряж* батаре*, низкий заряд, конфликт ip, конфликт адрес*, незаконн* доступ
fault sure      несанкционирован* доступ, неудачн*
# Chinese and Japanese.
fault sure      错误, 故障, 失败, 异常, 视频丢失, 信号丢失, 丢失, 硬盘满, 磁盘满, 硬盘已满, 存储满
fault sure      无硬盘, 空间不足, 断网, 掉线, 离线, 断开, 网线断, 冲突, 非法登录, 非法访问, 断电
fault sure      停电, 停電, 電源異常, 錯誤, 失敗, 異常, 遺失, 離線, 斷線, 硬碟滿, エラー, 障害
fault sure      映像消失, 映像ロス, ビデオロス, 信号なし, 切断, 容量不足, オフライン, ディスクフル
fault sure      不正ログイン, 不正アクセス, バッテリー低下, 故障し
# Tests: whole phrases; a self-test is none, and nothing beside a fault.
test sure       test mail, testmail, test email, test e mail, test message, test notification
test sure       email test, e mail test, mail test, smtp test, test smtp, testing email
test sure       testing e mail, testing mail, testing smtp, test alert, test push
test sure       test of the notification, test of notification, this is a test, this is test
test sure       just a test, only a test, test only, testing 123, test test, set up and tested
test sure       tested the e mail, tested the email, sample email, test event, health mail
test sure       health email, health e mail, keep alive, keepalive, heartbeat mail
test sure       heartbeat message, heartbeat email, testnachricht, test nachricht
test sure       testbenachrichtigung, dies ist ein test, das ist ein test, testalarm, testmeldung
test sure       test meldung, testbericht, dit is een test, testmelding, test bericht
test sure       message de test, e mail de test, mail de test, email de test, courriel de test
test sure       courrier de test, test de messagerie, test d e mail, ceci est un test, test d envoi
test sure       notification de test, correo de prueba, prueba de correo, mensaje de prueba
test sure       email de prueba, e mail de prueba, esto es una prueba, esta es una prueba
test sure       este es un correo de prueba, email di prova, e mail di prova, mail di prova
test sure       email di test, e mail di test, messaggio di prova, messaggio di test, prova email
test sure       prova e mail, questo e un test, questa e una prova, email de teste, e mail de teste
test sure       mensagem de teste, teste de email, teste de e mail, isto e um teste, este e um teste
test sure       este e um email de teste, wiadomosc testowa, testowa wiadomosc, wiadomosc test*
test sure       e mail testowy, email testowy, testowy e mail, testowy email, to jest test
test sure       тестовое сообщение, тестовое письмо, тестовое уведомление, тестов* сообщени*
test sure       тестов* письм*, тест почты, проверка почты, это тест, тест email, тест e mail
test sure       测试邮件, 邮件测试, 测试消息, 测试信, 测试报警, 测试通知, 这是一封测试, 測試郵件
test sure       郵件測試, テストメール, メールテスト, テスト送信, テストです, テスト通知
test sure       テストメッセージ
# What is sent by the clock; believed of a known vendor's own field only.
periodic sure   periodic, periodical, periodically, schedule, scheduled, timing, timed, regular
periodic sure   定时, 定時
";

/// Words that make an event of a noun: "motion detected", "Personen erkannt".
pub(super) const DETECTED: &str = r"
detect, detected, detection, detections, detects, detecting, alarm, alarms, alarmed, alert,
alerts, event, events, trigger, triggered, triggers, recognised, recognized, recognition, seen,
spotted, sensed, identified, started, start, begin, began, capture, captured, present, arrived,
appears, appeared, passing, approaching, erkannt, erkennung, entdeckt, detektiert, detektion,
meldung, ausgelost, warnung, gesehen, festgestellt, ereignis, gemeldet, gedetecteerd, detectie,
waargenomen, gesignaleerd, melding, herkend, detecte, detectee, detectes, detectees, alerte,
declenche, declenchee, declenchement, detectad*, detectaron, deteccion, alerta, alertas, alarma,
alarmas, alarme, alarmes, alarmu, activad*, rilevat*, rilevament*, rilevazione, riconosciut*,
allarme, allarmi, avviso, deteccao, detetad*, detecao, wykryt*, wykryci*, wykrywani*, обнаруж*,
обнаружени*, тревог*, детекц*, детектор*, распознан*, замечен*, сработал*, rilevatore,
detekterad, registrert, larm, algilandi, 감지
";

/// Words without any event, which may stand between the others.
pub(super) const FILLERS: &str = r"
a, an, the, of, and, or, was, were, is, are, has, have, had, been, be, being, new, unknown,
known, some, someone, your, this, that, there, type, smart, ai, ivs, vca, video, camera, cam,
ipc, ipcamera, nvr, dvr, xvr, channel, ch, ip, notification, message, warning, security, info,
information, alarmtype, image, picture, snapshot, snapshots, images, pictures, attached, mail,
email, e, re, fwd, ein, eine, einer, einen, der, die, das, des, dem, den, und, oder, wurde,
wurden, wird, ist, sind, worden, kamera, kanal, neue, neuer, een, de, het, en, werd, zijn, un,
une, le, la, les, du, l, d, et, ou, ete, est, sont, detecteur, el, los, las, una, uno, y, ha,
han, sido, se, es, camara, canal, lo, il, gli, i, di, del, della, dei, stato, stata,
rilevazione, telecamera, canale, um, uma, o, os, as, do, da, foi, foram, zostal, zostala,
zostalo, kamery, в, и, был, была, было, были, камера, камеры, канал
";

/// Words behind an alarm that end it: "motion end", "alarm stopped".
pub(super) const ENDED: &str = r"
end, ended, ends, stop, stopped, stops, finished, cleared, restored, resolved, recovered,
inactive, gone, beendet, endete, ende, aufgehoben, behoben, wiederhergestellt, gestopt,
beeindigd, opgelost, hersteld, termine, terminee, retabli, retablie, resolu, resolue, fin,
finalizad*, terminad*, restablecid*, restaurad*, finalizo, terminat*, cessat*, ripristinat*,
risolt*, fine, encerrad*, restabelecid*, fim, terminou, zakonczon*, przywrocon*, koniec, ustal,
завершен*, прекращен*, окончен*, восстановлен*, устранен*, закончил*, 结束, 停止, 恢复, 解除,
終了, 復旧, 结束了, 消除
";
/// The same behind a name: "Motion on Camera 1 ended". Nouns are missing because of names: "Motion at Bus stop".
pub(super) const ENDED_BEHIND_NAME: &str = r"
ended, stopped, cleared, restored, resolved, recovered, beendet, aufgehoben, behoben,
wiederhergestellt, gestopt, beeindigd, opgelost, hersteld, termine, terminee, retabli, retablie,
finalizad*, terminad*, restablecid*, terminat*, cessat*, ripristinat*, encerrad*, zakonczon*,
завершен*, прекращен*, восстановлен*
";
/// Small verbs between an alarm and its end: "alarm has been cleared".
pub(super) const AUXILIARIES: &str = r"
has, have, had, been, is, was, were, are, now, ist, wurde, wurden, worden, werd, zijn, est, a, ete,
sont, ha, han, sido, e, stato, stata, foi, foram, zostal, zostala, zostalo, был, была, было, были
";
/// Nouns before an alarm that end it: "end of motion", "Ende der Bewegung".
pub(super) const END_OF: &str = r"
end, ende, einde, fin, fine, fim, koniec, конец, окончание, завершение
";
/// Whole phrases that mean an end, of UPSs and monitors: "power restored", "is back online".
pub(super) const ENDS: &str = r"
no longer on battery*, is no longer critical, is no longer low, is no longer degraded,
is no longer offline, is no longer active, alarm is over, back online, back on line, is back up,
is up again, is now online, is back, has recovered, power restored, power has returned,
power has been restored, power is back, internet restored, connection restored, network restored,
link restored, service restored, mains restored, utility restored, alarmende,
wieder online, wieder erreichbar, wieder verfugbar, weer online, de nouveau en ligne,
de nuevo en linea, di nuovo online, снова доступ*, recovery service, recovery host, 已恢复,
报警结束, 报警解除
";

/// Words that turn the next one into its opposite: "no errors", "0 failed".
pub(super) const NEGATIONS: &str = r"
no, not, without, non, zero, 0, keine, kein, keinen, ohne, nicht, geen, zonder, aucun, aucune,
sans, pas, sin, ningun, ninguna, senza, nessun, nessuna, sem, nenhum, nenhuma, bez, brak, без,
нет, не
";
