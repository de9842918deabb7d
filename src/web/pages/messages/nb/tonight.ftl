# What happens to callers until tomorrow noon.
tonight-what = Hva som skjer med innringere fra nå til i morgen klokken tolv, og når hver kanal åpner igjen.
tonight-now = Nå
tonight-open = Åpent. { $outcome }
tonight-hole = Åpent, men: { $outcome }
tonight-closed = Stengt. { $outcome }
