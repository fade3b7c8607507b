create table comparaison.fct_classes as
select
    organisations.siren_organisation,
    exercices.exercice,
    classes.code_classe
from comparaison.dim_organisation as organisations
cross join (select distinct exercice from rapport.chiffres) as exercices
cross join comparaison.dim_classe as classes
left join diviseurs
    on classes.denominateur = diviseurs.denominateur
    and organisations.siren_organisation = diviseurs.siren_organisation
    and exercices.exercice = diviseurs.exercice
where organisations.absence is null
    and (
        classes.denominateur is null
        or (
            diviseurs.motif is null
            and diviseurs.valeur >= classes.a_partir_de
            and (diviseurs.valeur < classes.avant or classes.avant is null)
        )
    );
