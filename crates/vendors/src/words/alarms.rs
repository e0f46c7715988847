//! The words for what a camera saw, heard or felt, by event and language: English, German, Dutch,
//! French, Spanish, Italian, Portuguese, Polish, Russian, Chinese, Japanese.
//!
//! Written as [`super::phrase`] folds words: lower case, without accents. A star stands for any letters:
//! `bewegung*` is the beginning of a word, `*fehler` the end. Chinese and Japanese words are looked
//! for anywhere within a run of such characters.

use tipoff_model::Event;

use super::{Entry, Kind};

/// The words of one kind and event, separated by commas.
const fn of(event: Event, kind: Kind, words: &'static str) -> Entry {
    Entry { event, kind, words }
}

pub(super) const ENTRIES: &[Entry] = &[
    // Motion.
    of(
        Event::Motion,
        Kind::Noun,
        "motion, movement, vmd, md, motiondetect, videomotion, movedetection",
    ),
    of(
        Event::Motion,
        Kind::Noun,
        "bewegung*, beweging*, mouvement*, movimiento*, movimento*, moviment*",
    ),
    of(
        Event::Motion,
        Kind::Noun,
        "ruch, ruchu, движени*, rorelse*, bevegelse*, bevaegelse*, pohyb*",
    ),
    of(Event::Motion, Kind::Noun, "hareket*, mozgas*, 모션, 움직임"),
    of(Event::Motion, Kind::Sure, "moving object, object moving, something moved"),
    of(
        Event::Motion,
        Kind::Sure,
        "移动侦测, 移动检测, 移动报警, 移动告警, 检测到移动, 侦测到移动, 有移动, 动态侦测, 动态检测, 运动检测, 运动侦测, \
         画面变化, 动检, 移動偵測, 位移偵測, 動態偵測, 動体, 動き検, 動きを検, 動きがあ, 動作検知, モーション",
    ),
    // Persons.
    of(
        Event::Person,
        Kind::Noun,
        "person, persons, people, human, humans, pedestrian*, humandetect",
    ),
    of(Event::Person, Kind::Noun, "humanoid*, smartmotionhuman, smdhuman, facedetection"),
    of(Event::Person, Kind::Noun, "personen*, mensch, menschen, menschliche*, gesichtserkennung"),
    of(
        Event::Person,
        Kind::Noun,
        "persoon, personne, personnes, persona, personas, persone, pessoa, pessoas",
    ),
    of(
        Event::Person,
        Kind::Noun,
        "humano, humanos, humana, humain, humaine, umano, umana, peaton*, pedone*",
    ),
    of(
        Event::Person,
        Kind::Noun,
        "pieton*, pedestre*, osoba, osoby, osobe, osob, czlowiek*, sylwetk*",
    ),
    of(Event::Person, Kind::Noun, "человек*, людей, люди, персон, персона, персоны"),
    of(
        Event::Person,
        Kind::Prone,
        "face, faces, gesicht, gesichter, gezicht, visage, visages, rostro, rostros",
    ),
    of(
        Event::Person,
        Kind::Prone,
        "volto, volti, rosto, rostos, twarz, twarzy, лицо, лица, лиц, intruder, man, woman",
    ),
    of(Event::Person, Kind::Sure, "stranger detected, someone is, somebody is"),
    of(
        Event::Person,
        Kind::Sure,
        "人形, 人体, 人员检测, 人员报警, 检测到人, 侦测到人, 发现人员, 有人出现, 有人经过, 有人移动, 人脸, 行人, 人形偵測, \
         人物, 人を検, 人検知, 人検出, 人感知, 人体検知, 顔検, 顔を検, 顔認識, 歩行者",
    ),
    // Vehicles.
    of(
        Event::Vehicle,
        Kind::Noun,
        "vehicle, vehicles, vehice, anpr, lpr, motorvehicle, smartmotionvehicle",
    ),
    of(
        Event::Vehicle,
        Kind::Noun,
        "smdvehicle, fahrzeug*, kraftfahrzeug*, kennzeichen, kennzeichenerkennung",
    ),
    of(
        Event::Vehicle,
        Kind::Noun,
        "voertuig*, kenteken*, vehicule*, vehiculo*, matricula, matriculas, veicol*",
    ),
    of(Event::Vehicle, Kind::Noun, "veiculo*, pojazd*, автомобил*, транспорт, транспортн*"),
    of(
        Event::Vehicle,
        Kind::Sure,
        "auto erkannt, autos erkannt, auto gedetecteerd, auto rilevata, auto rilevate",
    ),
    of(
        Event::Vehicle,
        Kind::Sure,
        "license plate*, licence plate*, number plate*, plate recogni*, plate number",
    ),
    of(
        Event::Vehicle,
        Kind::Prone,
        "car, cars, truck, trucks, lorry, motorcycle, motorbike, bus, wagen",
    ),
    of(
        Event::Vehicle,
        Kind::Prone,
        "lkw, pkw, vrachtwagen, voiture*, camion, camiones, coche, coches, carro, carros",
    ),
    of(
        Event::Vehicle,
        Kind::Prone,
        "targa, targhe, samochod*, ciezarowk*, машин, машина, машины, машину, грузовик*",
    ),
    of(
        Event::Vehicle,
        Kind::Sure,
        "车辆, 机动车, 非机动车, 车牌, 汽车, 车形, 車輛, 車牌, 車両, 自動車, 車を検, 車検知, 車検出, ナンバープレート",
    ),
    // Animals.
    of(
        Event::Animal,
        Kind::Noun,
        "animal, animals, animale, animali, animales, animais, animaux, haustier*",
    ),
    of(Event::Animal, Kind::Noun, "huisdier*, zwierze, zwierzeta, zwierzat, zwierzecia, животн*"),
    of(Event::Animal, Kind::Prone, "pet, pets, dog, dogs, cat, cats, hund, hunde, katze, katzen"),
    of(
        Event::Animal,
        Kind::Prone,
        "dier, dieren, hond, honden, kat, katten, chien, chiens, perro, perros",
    ),
    of(
        Event::Animal,
        Kind::Prone,
        "gato, gatos, mascota, mascotas, cane, cani, gatto, gatti, cachorro, cachorros",
    ),
    of(
        Event::Animal,
        Kind::Prone,
        "pies, psa, kot, kota, собак*, кошк*, кот, wildlife, deer, fox, bear, bird, birds",
    ),
    of(
        Event::Animal,
        Kind::Sure,
        "tier erkannt, tiere erkannt, tiererkennung, tier entdeckt, chat detecte, dog cat, 动物, 宠物, 動物, 寵物, ペット",
    ),
    // The bell. A camera may be called Doorbell: it is an event only where somebody rings.
    of(
        Event::Doorbell,
        Kind::Noun,
        "visitor, visitors, besucher, bezoeker, visiteur, visitante, visitatore",
    ),
    of(
        Event::Doorbell,
        Kind::Noun,
        "odwiedzajacy, посетител*, ringing, rang, klingelt, geklingelt, klingeln",
    ),
    of(Event::Doorbell, Kind::Noun, "aangebeld, klingelruf, turklingelruf, belletje"),
    of(
        Event::Doorbell,
        Kind::Sure,
        "doorbell rang, doorbell ring*, doorbell press*, doorbell push*, doorbell button",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "doorbell call, doorbell rung, doorbell has been, doorbell was, ring the doorbell",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "rang the, ringing the, rings the, bell rang, bell press*, bell ring*, bell button",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "at your door, at the door, at your front door, ding dong, call button, button call",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "call from doorstation, call from door station, door station call, doorstation call",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "video intercom call, intercom call, intercom ring*, door call, call from intercom",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "klingel betatigt, klingel gedruckt, klingel ausgelost, klingel wurde, es klingelt, besucher an",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "turklingel betatigt, turklingel gedruckt, turklingel ausgelost, turklingel wurde",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "jemand an der tur, tur klingelt, deurbel ingedrukt, deurbel gaat, deurbel is",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "er is aangebeld, on a sonne, quelqu un sonne, sonnette appuy*, sonnette activ*",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "sonnette press*, appel de la sonnette, sonnette a ete, timbre puls*, timbre presion*",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "timbre sonando, han llamado al timbre, llamada al timbre, llaman a la puerta",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "campanello suon*, campanello prem*, hanno suonato, suonano alla porta",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "campainha toc*, campainha pression*, campainha acion*, tocou a campainha",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "dzwonek nacis*, dzwonek wcis*, dzwoni do drzwi, ktos dzwoni, звонок в дверь",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "звонят в дверь, нажат* звонок, нажат* кнопк* звонка, звонок домофона",
    ),
    of(
        Event::Doorbell,
        Kind::Sure,
        "访客, 按门铃, 按了门铃, 门铃响, 门铃被按, 门铃呼叫, 门铃按下, 呼叫报警, 訪客, 按門鈴, 門鈴響, 来客, 来訪者, 呼び出し, 呼出, \
         チャイムが鳴, ドアベルが鳴, ドアベルが押, インターホンが鳴, ベルが鳴",
    ),
    // Lines.
    of(
        Event::Line,
        Kind::Sure,
        "line cross*, cross line, crossed line, crossed a line, crossing line, crossing detect*",
    ),
    of(
        Event::Line,
        Kind::Sure,
        "tripwire, trip wire, trip line, tripline, virtual line, linedetection",
    ),
    of(
        Event::Line,
        Kind::Sure,
        "crosslinedetection, passline*, linienuber*, linie uber*, linienquer*, grenzuber*",
    ),
    of(
        Event::Line,
        Kind::Sure,
        "lijnoverschrijding*, lijn overschr*, lijnkruising*, lijn gekruist, franchissement*",
    ),
    of(
        Event::Line,
        Kind::Sure,
        "ligne franchie, passage de ligne, croisement de ligne, cruce de linea*, linea cruzada",
    ),
    of(
        Event::Line,
        Kind::Sure,
        "cruce de linea, attraversamento*, superamento linea, linea attraversata",
    ),
    of(
        Event::Line,
        Kind::Sure,
        "cruzamento de linha*, linha cruzada, przekroczeni* lini*, przekroczono linie",
    ),
    of(Event::Line, Kind::Sure, "przekroczeni*, пересечени* лини*, пересечен* лини*, пересечени*"),
    of(
        Event::Line,
        Kind::Sure,
        "越界, 跨线, 绊线, 拌线, 越线, 警戒线, 越界偵測, 絆線, ラインクロス, ライン通過, ラインを越, ライン横断, トリップワイヤ",
    ),
    // Zones.
    of(
        Event::Zone,
        Kind::Sure,
        "intrusion, intrusions, intruder detected, intruder alert, intruder alarm, burglar*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "break in, region entr*, region exit*, region enter*, area entr*, area exit*, area enter*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "enter area, leave area, enter region, leave region, zone entered, zone exited",
    ),
    of(Event::Zone, Kind::Sure, "entered zone, left zone, area intrusion, fielddetection, loiter*"),
    of(
        Event::Zone,
        Kind::Sure,
        "crossregiondetection, crossregion*, cross region*, unattended baggage, unattended object",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "abandoned object, abandoned baggage, missing object, object remov*, object left",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "object taken, objects removed, stationary object, aoientry, aoileave",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "crowd gather*, crowd detect*, crowd density, people gather*, parking detect*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "illegal parking, parking violation, fast moving, fast movement, rapid mov*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "leftdetection, takenawaydetection, wanderdetection, rioterdetection",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "parkingdetection, eindring*, einbruch*, einbrecher*, bereich betreten",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "bereich verlassen, zone betreten, zone verlassen, herumlungern, inbraak*, indring*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "inbreker, gebied betreden, zone betreden, intrusi*, intrus, effraction, cambrio*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "entree dans la zone, entree de zone, sortie de zone, intruso, intrusos",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "merodeo, entrada en zona, entrada en region, salida de region, intrusa, ingresso area",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "entrata in area, invasao, intrusao, entrada na area, vadiagem, wtargniec*, intruz*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "naruszeni* strefy, wlamani*, wejsci* do strefy, вторжени*, проникновени*",
    ),
    of(
        Event::Zone,
        Kind::Sure,
        "вход в зону, вход в область, выход из зоны, выход из области, праздношата*",
    ),
    of(Event::Zone, Kind::Prone, "perimeter*, perimetr*, периметр*"),
    of(
        Event::Zone,
        Kind::Sure,
        "入侵, 周界, 进入区域, 离开区域, 区域进入, 区域离开, 徘徊, 物品遗留, 遗留物, 物品搬移, 物品丢失, 人员聚集, 停车检测, 快速移动, \
         侵入, 不審者, エリア進入, エリア退出, 置き去り, 持ち去り, うろつき",
    ),
    // Tampering.
    of(
        Event::Tamper,
        Kind::Sure,
        "tamper*, sabotage*, shelteralarm, videoblind, blinddetect, camera mask*, video mask*",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "camera covered, camera blocked, camera moved, camera obstruct*, lens covered",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "lens blocked, view blocked, view obstruct*, occlusion*, occluded, defocus*",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "out of focus, video unfocus, videounfocus, scene chang*, scenechange, vandal*",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "videoabnormaldetection, blur detect*, camera vibration, avd, manipulation*",
    ),
    of(Event::Tamper, Kind::Sure, "manipulier*, verdeckung*, kamera verdeckt, szenenwechsel"),
    of(Event::Tamper, Kind::Prone, "covered, abgedeckt, verdeckt, afgedekt"),
    of(
        Event::Tamper,
        Kind::Sure,
        "kamera abgedeckt, afdekking*, afscherming, manipulatie*, masquage*, camera masquee, obstru*",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "sabotaj*, manipulacion*, camara tapada, enmascaramiento, obstrucc*, cambio de escena",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "manomission*, manomess*, oscurament*, mascheramento, cambio scena, violacao",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "adulterac*, sabotagem, mascaramento, mudanca de cena, sabotaz*, zaslonie*",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "manipulacj*, zmiana sceny, саботаж*, тампер*, вскрыти*, маскирован*",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "закрыти* камеры, закрыти* объектива, перекрыти*, закрыта камера, смена сцены",
    ),
    of(
        Event::Tamper,
        Kind::Sure,
        "遮挡, 场景变更, 场景变换, 场景变化, 虚焦, 失焦, 防拆, 遮蔽, 場景變更, 妨害, タンパ, いたずら検, 画面遮蔽, シーン変化, カメラ移動",
    ),
    // Sounds.
    of(
        Event::Sound,
        Kind::Sure,
        "audio exception, audioexception, audio abnormal*, audio anomaly, audio alarm",
    ),
    of(
        Event::Sound,
        Kind::Sure,
        "audio detect*, audio mutation, audiomutation, audioanomaly, audio loss, loud noise",
    ),
    of(
        Event::Sound,
        Kind::Sure,
        "loud sound, rare sound, intensity change, sound intensity, sudden increase of sound",
    ),
    of(
        Event::Sound,
        Kind::Sure,
        "baby cry*, crying, baby is crying, glass break*, scream*, gunshot*, detection sonore",
    ),
    of(
        Event::Sound,
        Kind::Sure,
        "babygeschrei, baby weint, baby schreit, babyweinen, lautstarke*, babygehuil",
    ),
    of(
        Event::Sound,
        Kind::Sure,
        "pleurs de bebe, llanto de bebe, llanto, pianto, choro de bebe, placz dziecka, плач*",
    ),
    of(Event::Sound, Kind::Sure, "son detecte, detection de son, som detectado, deteccao de som"),
    of(
        Event::Sound,
        Kind::Prone,
        "sound, sounds, audio, noise, cry, gerausch*, geluid*, bruit, bruits, sonido",
    ),
    of(
        Event::Sound,
        Kind::Prone,
        "sonidos, ruido, ruidos, suono, suoni, rumore, rumori, dzwiek*, halas, звук, звука",
    ),
    of(Event::Sound, Kind::Prone, "звуков*, шум, шума, аудио"),
    of(
        Event::Sound,
        Kind::Sure,
        "音频异常, 声音异常, 异常声音, 声音检测, 声音报警, 音频检测, 声强, 异响, 婴儿哭, 哭声, 音訊, 音声検, 異常音, 音を検, 音検知, 大きな音, \
         泣き声",
    ),
    // Wired and other sensors.
    of(
        Event::Input,
        Kind::Sure,
        "alarm input, alarm in, input alarm, io alarm, external alarm, local alarm, alarm local, alarmlocal",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "ipc external alarm, net alarm, network alarm, alarmin, pir alarm, pir detect*",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "sensor alarm, sensor trigger*, sensor detect*, digital input, input trigger*",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "panic button, panic alarm, sos, smoke detected, smoke alarm, fire alarm, fire detect*",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "fire warning, water leak*, leak detected, water detected, flood detected, gas alarm",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "carbon monoxide, co alarm, alarmeingang*, alarmeingange, sensoralarm, rauchalarm",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "rauch erkannt, feueralarm, brandalarm, wasseralarm, wasser erkannt, panikalarm",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "alarmingang, sensoralarm, rookalarm, brandalarm, entree d alarme, entree alarme",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "alarme incendie, fumee detect*, entrada de alarma, alarma de humo, humo detect*",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "alarma externa, alarma local, ingresso allarme, ingresso di allarme, allarme incendio",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "allarme esterno, fumo rilevato, entrada de alarme, alarme externo, alarme local",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "alarme de incendio, wejscie alarmowe, wejscia alarmow*, alarm zewnetrzny, wykryto dym",
    ),
    of(
        Event::Input,
        Kind::Sure,
        "тревожн* вход*, вход тревоги, внешн* тревог*, локальн* тревог*, сработа* датчик*",
    ),
    of(Event::Input, Kind::Sure, "пожар*, задымлени*, обнаружен дым"),
    of(Event::Input, Kind::Noun, "pir, passiveinfrared"),
    of(
        Event::Input,
        Kind::Sure,
        "报警输入, 外部报警, 本地报警, 开关量, 红外报警, 烟雾, 火警, 火灾, 漏水, 警報輸入, アラーム入力, センサー入力, 外部アラーム, センサーが反応, \
         火災, 煙を検, 水漏れ",
    ),
    // Words that hold a word for an event and are none.
    of(
        Event::Other,
        Kind::Sure,
        "critical update*, critical security update*, error free, error correct*, error report*",
    ),
    of(
        Event::Other,
        Kind::Sure,
        "fault tolera*, fehlerfrei*, fehlerlos*, failover, slow motion, smart home, no motion",
    ),
    of(
        Event::Other,
        Kind::Sure,
        "problem report*, personal*, personnel, personnalis*, lost and found, lost property",
    ),
    // A parcel is an event of its own to some cameras; here it is kept in the words of the alert.
    of(
        Event::Other,
        Kind::Sure,
        "package, parcel, paket, pakket, colis, paquete, pacco, pacote, paczka, посылка, 包裹, 荷物",
    ),
];
