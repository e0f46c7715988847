# What happened, as a title.
event-motion = Motion
event-person = Person
event-vehicle = Vehicle
event-animal = Animal
event-doorbell = Doorbell
event-line = Line crossed
event-zone = Zone
event-sound = Sound
event-tamper = Tampering
event-fire = Fire or smoke
event-input = Sensor
event-fault = Fault
event-end = Ended
event-periodic = Periodic picture
event-test = Test
event-silence = Silent
