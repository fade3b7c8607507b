-- Storage, month after month: a volume at the end of a month adds over towns, not over months.
select exercice, date_mois, sum(volume_go) as volume_go
from marts.fct_stockage
group by exercice, date_mois
order by date_mois
