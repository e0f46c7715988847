//! The vocabulary for what a camera saw, heard or felt, by event and language: English, German, Dutch, French,
//! Spanish, Italian, Portuguese, Polish, Russian, Chinese, Japanese. The words are those of the cameras' menus and
//! mails; each has a row in `subjects/`, where their sources are.
//!
//! Words are written as [`super::phrase`] folds them: in lower case, without accents. A star stands for any
//! letters: `bewegung*` is the beginning of a word, `*fehler` the end. Chinese and Japanese words are searched for
//! anywhere inside of a run of such characters.

/// One entry a line: an event, a kind ([`super::WordKind`]) and words. A `#` begins a comment.
pub(super) const WORDS: &str = r"
# Motion.
motion noun     motion, movement, vmd, md, motiondetect, videomotion, movedetection, bewegung*
motion noun     beweging*, mouvement*, movimiento*, movimento*, moviment*, ruch, ruchu, движени*
motion noun     rorelse*, bevegelse*, bevaegelse*, pohyb*, hareket*, mozgas*, 모션, 움직임
motion sure     moving object, object moving, something moved, 移动侦测, 移动检测, 移动报警
motion sure     移动告警, 检测到移动, 侦测到移动, 有移动, 动态侦测, 动态检测, 运动检测, 运动侦测
motion sure     画面变化, 动检, 移動偵測, 位移偵測, 動態偵測, 動体, 動き検, 動きを検, 動きがあ
motion sure     動作検知, モーション
# Persons.
person noun     person, persons, people, human, humans, pedestrian*, humandetect, humanoid*
person noun     smartmotionhuman, smdhuman, facedetection, personen*, mensch, menschen, menschliche*
person noun     gesichtserkennung, persoon, personne, personnes, persona, personas, persone, pessoa
person noun     pessoas, humano, humanos, humana, humain, humaine, umano, umana, peaton*, pedone*
person noun     pieton*, pedestre*, osoba, osoby, osobe, osob, czlowiek*, sylwetk*, человек*, людей
person noun     люди, персон, персона, персоны
person prone    face, faces, gesicht, gesichter, gezicht, visage, visages, rostro, rostros, volto
person prone    volti, rosto, rostos, twarz, twarzy, лицо, лица, лиц, intruder, man, woman
person sure     stranger detected, someone is, somebody is, 人形, 人体, 人员检测, 人员报警, 检测到人
person sure     侦测到人, 发现人员, 有人出现, 有人经过, 有人移动, 人脸, 行人, 人形偵測, 人物, 人を検
person sure     人検知, 人検出, 人感知, 人体検知, 顔検, 顔を検, 顔認識, 歩行者
# Vehicles.
vehicle noun    vehicle, vehicles, vehice, anpr, lpr, motorvehicle, smartmotionvehicle, smdvehicle
vehicle noun    fahrzeug*, kraftfahrzeug*, kennzeichen, kennzeichenerkennung, voertuig*, kenteken*
vehicle noun    vehicule*, vehiculo*, matricula, matriculas, veicol*, veiculo*, pojazd*, автомобил*
vehicle noun    транспорт, транспортн*
vehicle sure    van detected
vehicle sure    auto erkannt, autos erkannt, auto gedetecteerd, auto rilevata, auto rilevate
vehicle sure    license plate*, licence plate*, number plate*, plate recogni*, plate number
vehicle prone   car, cars, truck, trucks, lorry, motorcycle, motorbike, bus, wagen, lkw, pkw
vehicle prone   vrachtwagen, voiture*, camion, camiones, coche, coches, carro, carros, targa, targhe
vehicle prone   samochod*, ciezarowk*, машина, машины, машину, грузовик*
vehicle sure    车辆, 机动车, 非机动车, 车牌, 汽车, 车形, 車輛, 車牌, 車両, 自動車, 車を検, 車検知
vehicle sure    車検出, ナンバープレート
# Animals.
animal noun     animal, animals, animale, animali, animales, animais, animaux, haustier*, huisdier*
animal noun     zwierze, zwierzeta, zwierzat, zwierzecia, животн*
animal prone    pet, pets, dog, dogs, cat, cats, hund, hunde, katze, katzen, dier, dieren, hond
animal prone    honden, kat, katten, chien, chiens, perro, perros, gato, gatos, mascota, mascotas
animal prone    cane, cani, gatto, gatti, cachorro, cachorros, pies, psa, kot, kota, собак*, кошк*
animal prone    кот, wildlife, deer, fox, bear, bird, birds
animal sure     tier erkannt, tiere erkannt, tiererkennung, tier entdeckt, chat detecte, dog cat
animal sure     动物, 宠物, 動物, 寵物, ペット
# The bell. A camera may be called Doorbell: it is an event only where somebody rings.
doorbell noun   visitor, visitors, besucher, bezoeker, visiteur, visitante, visitatore, odwiedzajacy
doorbell noun   посетител*, ringing, rang, klingelt, geklingelt, klingeln, aangebeld, klingelruf
doorbell noun   turklingelruf, belletje
doorbell sure   doorbell rang, doorbell ring*, doorbell press*, doorbell push*, doorbell button
doorbell sure   doorbell call, doorbell rung, doorbell has been, doorbell was, ring the doorbell
doorbell sure   rang the, ringing the, rings the, bell rang, bell press*, bell ring*, bell button
doorbell sure   someone is at your door, someone is at the door
doorbell sure   someone is at your front door, someone at the door, someone at your door
doorbell sure   rang your, ding dong, call button, button call
doorbell sure   call from doorstation, call from door station, door station call, doorstation call
doorbell sure   video intercom call, intercom call, intercom ring*, door call, call from intercom
doorbell sure   klingel betatigt, klingel gedruckt, klingel ausgelost, klingel wurde, es klingelt
doorbell sure   besucher an, turklingel betatigt, turklingel gedruckt, turklingel ausgelost
doorbell sure   turklingel wurde, jemand an der tur, tur klingelt, deurbel ingedrukt, deurbel gaat
doorbell sure   deurbel is, er is aangebeld, on a sonne, quelqu un sonne, sonnette appuy*
doorbell sure   sonnette activ*, sonnette press*, appel de la sonnette, sonnette a ete, timbre puls*
doorbell sure   timbre presion*, timbre sonando, han llamado al timbre, llamada al timbre
doorbell sure   llaman a la puerta, campanello suon*, campanello prem*, hanno suonato
doorbell sure   suonano alla porta, campainha toc*, campainha pression*, campainha acion*
doorbell sure   tocou a campainha, dzwonek nacis*, dzwonek wcis*, dzwoni do drzwi, ktos dzwoni
doorbell sure   звонок в дверь, звонят в дверь, нажат* звонок, нажат* кнопк* звонка, звонок домофона
doorbell sure   访客, 按门铃, 按了门铃, 门铃响, 门铃被按, 门铃呼叫, 门铃按下, 呼叫报警, 訪客, 按門鈴
doorbell sure   門鈴響, 来客, 来訪者, 呼び出し, 呼出, チャイムが鳴, ドアベルが鳴, ドアベルが押
doorbell sure   インターホンが鳴, ベルが鳴
# Lines.
line sure       line cross*, cross line, crossed line, crossed a line, crossing line
line sure       crossing detect*, tripwire, trip wire, trip line, tripline, virtual line
line sure       linedetection, crosslinedetection, passline*, linienuber*, linie uber*, linienquer*
line sure       grenzuber*, lijnoverschrijding*, lijn overschr*, lijnkruising*, lijn gekruist
line sure       franchissement*, ligne franchie, passage de ligne, croisement de ligne
line sure       cruce de linea*, linea cruzada, cruce de linea, attraversamento*, superamento linea
line sure       linea attraversata, cruzamento de linha*, linha cruzada, przekroczeni* lini*
line sure       przekroczono linie, przekroczeni*, пересечени* лини*, пересечен* лини*, пересечени*
line sure       越界, 跨线, 绊线, 拌线, 越线, 警戒线, 越界偵測, 絆線, ラインクロス, ライン通過
line sure       ラインを越, ライン横断, トリップワイヤ
# Zones.
zone sure       intrusion, intrusions, intruder detected, intruder alert, intruder alarm, burglar*
zone sure       break in, region entr*, region exit*, region enter*, area entr*, area exit*
zone sure       area enter*, enter area, leave area, enter region, leave region, zone entered
zone sure       zone exited, entered zone, left zone, area intrusion, fielddetection, loiter*
zone sure       crossregiondetection, crossregion*, cross region*, unattended baggage
zone sure       unattended object, abandoned object, abandoned baggage, missing object
zone sure       object remov*, object left, object taken, objects removed, stationary object
zone sure       aoientry, aoileave, crowd gather*, crowd detect*, crowd density, people gather*
zone sure       parking detect*, illegal parking, parking violation, fast moving, fast movement
zone sure       rapid mov*, leftdetection, takenawaydetection, wanderdetection, rioterdetection
zone sure       parkingdetection, eindring*, einbruch*, einbrecher*, bereich betreten
zone sure       bereich verlassen, zone betreten, zone verlassen, herumlungern, inbraak*, indring*
zone sure       inbreker, gebied betreden, zone betreden, intrusi*, intrus, effraction, cambrio*
zone sure       entree dans la zone, entree de zone, sortie de zone, intruso, intrusos, merodeo
zone sure       entrada en zona, entrada en region, salida de region, intrusa, ingresso area
zone sure       entrata in area, invasao, intrusao, entrada na area, vadiagem, wtargniec*, intruz*
zone sure       naruszeni* strefy, wlamani*, wejsci* do strefy, вторжени*, проникновени*
zone sure       вход в зону, вход в область, выход из зоны, выход из области, праздношата*
zone prone      perimeter*, perimetr*, периметр*
zone sure       入侵, 周界, 进入区域, 离开区域, 区域进入, 区域离开, 徘徊, 物品遗留, 遗留物, 物品搬移
zone sure       物品丢失, 人员聚集, 停车检测, 快速移动, 侵入, 不審者, エリア進入, エリア退出
zone sure       置き去り, 持ち去り, うろつき
# Tampering.
tamper sure     change scene, scene shift
tamper sure     tamper*, sabotage*, shelteralarm, videoblind, blinddetect, camera mask*, video mask*
tamper sure     camera covered, camera blocked, camera moved, camera obstruct*, lens covered
tamper sure     lens blocked, view blocked, view obstruct*, occlusion*, occluded, defocus*
tamper sure     out of focus, video unfocus, videounfocus, scene chang*, scenechange, vandal*
tamper sure     videoabnormaldetection, blur detect*, camera vibration, avd, manipulation*
tamper sure     manipulier*, verdeckung*, kamera verdeckt, szenenwechsel
tamper prone    covered, abgedeckt, verdeckt, afgedekt
tamper sure     kamera abgedeckt, afdekking*, afscherming, manipulatie*, masquage*, camera masquee
tamper sure     obstru*, sabotaj*, manipulacion*, camara tapada, enmascaramiento, obstrucc*
tamper sure     cambio de escena, manomission*, manomess*, oscurament*, mascheramento, cambio scena
tamper sure     violacao, adulterac*, sabotagem, mascaramento, mudanca de cena, sabotaz*, zaslonie*
tamper sure     manipulacj*, zmiana sceny, саботаж*, тампер*, вскрыти*, маскирован*, закрыти* камеры
tamper sure     закрыти* объектива, перекрыти*, закрыта камера, смена сцены, 遮挡, 场景变更
tamper sure     场景变换, 场景变化, 虚焦, 失焦, 防拆, 遮蔽, 場景變更, 妨害, タンパ, いたずら検
tamper sure     画面遮蔽, シーン変化, カメラ移動
# Sounds.
sound sure      audio exception, audioexception, audio abnormal*, audio anomaly, audio alarm
sound sure      audio detect*, audio mutation, audiomutation, audioanomaly, audio loss, loud noise
sound sure      loud sound, rare sound, intensity change, sound intensity, sudden increase of sound
sound sure      baby cry*, crying, baby is crying, barking, dog bark*, glass break*, scream*, gunshot*, detection sonore
sound sure      babygeschrei, baby weint, baby schreit, babyweinen, lautstarke*, babygehuil
sound sure      pleurs de bebe, llanto de bebe, llanto, pianto, choro de bebe, placz dziecka, плач*
sound sure      son detecte, detection de son, som detectado, deteccao de som
sound prone     sound, sounds, audio, noise, cry, gerausch*, geluid*, bruit, bruits, sonido, sonidos
sound prone     ruido, ruidos, suono, suoni, rumore, rumori, dzwiek*, halas, звук, звука, звуков*
sound prone     шум, шума, аудио
sound sure      音频异常, 声音异常, 异常声音, 声音检测, 声音报警, 音频检测, 声强, 异响, 婴儿哭, 哭声
sound sure      音訊, 音声検, 異常音, 音を検, 音検知, 大きな音, 泣き声
# Fire and smoke.
fire sure       smoke detected, smoke alarm, fire alarm, fire detect*, fire warning, gas alarm
fire sure       fire source, carbon monoxide, co alarm, rauchalarm, rauch erkannt, feueralarm
fire sure       brandalarm, rookalarm, alarme incendie, fumee detect*, alarma de humo, humo detect*
fire sure       allarme incendio, fumo rilevato, alarme de incendio, wykryto dym, пожар*
fire sure       задымлени*, обнаружен дым, 烟雾, 火警, 火灾, 火災, 煙を検
# Wired and other sensors.
input sure      alarm input, alarm in, input alarm, io alarm, external alarm, local alarm
input sure      alarm local, alarmlocal, ipc external alarm, net alarm, network alarm, alarmin
input sure      pir alarm, pir detect*, sensor alarm, sensor trigger*, sensor detect*, digital input
input sure      input trigger*, panic button, panic alarm, sos, water leak*, leak detected
input sure      water detected, flood detected, alarmeingang*, alarmeingange, sensoralarm
input sure      wasseralarm, wasser erkannt, panikalarm, alarmingang, entree d alarme
input sure      entree alarme, entrada de alarma, alarma externa, alarma local, ingresso allarme
input sure      ingresso di allarme, allarme esterno, entrada de alarme, alarme externo
input sure      alarme local, wejscie alarmowe, wejscia alarmow*, alarm zewnetrzny
input sure      тревожн* вход*, вход тревоги, внешн* тревог*, локальн* тревог*
input sure      сработа* датчик*
input prone     input
input noun      pir, passiveinfrared
input sure      报警输入, 外部报警, 本地报警, 开关量, 红外报警, 漏水, 警報輸入
input sure      アラーム入力, センサー入力, 外部アラーム, センサーが反応, 水漏れ
# Words that hold a word for an event and are none.
other sure      critical update*, critical security update*, error free, error correct*
other sure      error report*, fault tolera*, fehlerfrei*, fehlerlos*, failover, slow motion
other sure      smart home, no motion, problem report*, personal*, personnel, personnalis*
other sure      lost and found, lost property
# A parcel is an event of its own to some cameras; here it is kept in the words of the alert.
other sure      package, parcel, paket, pakket, colis, paquete, pacco, pacote, paczka, посылка, 包裹
other sure      荷物
";
