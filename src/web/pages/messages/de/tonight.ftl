# What happens to callers until tomorrow noon.
tonight-what = Was mit Anrufern von jetzt bis morgen Mittag geschieht, und wann jeder Kanal wieder öffnet.
tonight-now = Jetzt
tonight-open = Offen. { $outcome }
tonight-hole = Offen, aber: { $outcome }
tonight-closed = Geschlossen. { $outcome }
