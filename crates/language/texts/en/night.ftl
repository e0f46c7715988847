# The night at a glance: the link to it, marks in the filter, pictures that are gone, and devices that are deleted.
night-last = { $count ->
    [one] Last night: 1 incident that you have not seen
   *[other] Last night: { $count } incidents that you have not seen
}
night-last-persons = { $count ->
    [one] Last night: 1 incident that you have not seen, with a person
   *[other] Last night: { $count } incidents that you have not seen, with a person: { $persons }
}
night-this = { $count ->
    [one] Tonight: 1 incident that you have not seen
   *[other] Tonight: { $count } incidents that you have not seen
}
night-this-persons = { $count ->
    [one] Tonight: 1 incident that you have not seen, with a person
   *[other] Tonight: { $count } incidents that you have not seen, with a person: { $persons }
}
night-show = Marks
night-show-all = all
night-unseen = not seen by you
night-starred = starred by you
night-locked = locked
night-incident-removed = This incident was deleted.
night-delete-device = Delete this device
night-delete-what = Its settings and its login are deleted. If it sends again, it is discovered again and listed again.
night-its-incidents = { $count ->
    [one] It has 1 incident
   *[other] It has { $count } incidents
}
night-keep-incidents = Keep its incidents until they are old enough
night-delete-incidents = Delete its incidents, too, with all pictures and videos
night-locked-stay = { $count ->
    [one] 1 locked incident stays.
   *[other] { $count } locked incidents stay.
}
night-type-name = Type the name of the device to confirm
night-device-removed = This device was deleted, and its incidents are kept. It is listed again when it sends.
night-device-in-file = The configuration file has this device. To delete it, remove its <code>[[device]]</code> section there, reload the configuration, and come back to this page.
night-recorder = { $count ->
    [one] This recorder has 1 channel. Delete that one first.
   *[other] This recorder has { $count } channels. Delete them first.
}
