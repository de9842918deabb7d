# What happens to callers until tomorrow noon.
tonight-what = What happens to callers from now until tomorrow noon, and when each channel opens next.
tonight-now = Now
tonight-open = Open. { $outcome }
tonight-hole = Open, but: { $outcome }
tonight-closed = Closed. { $outcome }
