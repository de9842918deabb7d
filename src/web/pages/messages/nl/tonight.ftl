# What happens to callers until tomorrow noon.
tonight-what = Wat er met bellers gebeurt van nu tot morgenmiddag, en wanneer elk kanaal weer opengaat.
tonight-now = Nu
tonight-open = Open. { $outcome }
tonight-hole = Open, maar: { $outcome }
tonight-closed = Gesloten. { $outcome }
